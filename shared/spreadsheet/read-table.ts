import { fileUnreadable } from "../domain/refusals.ts";
import { readCsv } from "./csv.ts";
import { type Table, xlsxMedia } from "./table.ts";
import { readXlsx } from "./xlsx.ts";

/**
 * Reads a table from a file that anybody may have made: what can't be read is refused with a reason that never repeats
 * what is in the file, and costs bounded memory and time.
 * @throws Refusal `file-unreadable`
 */
export const readTable = async ({ media, bytes }: { media: string; bytes: Buffer }): Promise<Table> => {
  const kind = kindOf(bytes);
  if (kind === "compound") {
    throw fileUnreadable(
      "The file is protected by a password or of an old Excel format (.xls). Save it as .xlsx or CSV.",
    );
  }
  if (media === xlsxMedia) {
    if (kind !== "zip") throw fileUnreadable("The file is no Excel workbook (.xlsx).");
    return readXlsx(bytes);
  }
  if (kind === "zip") throw fileUnreadable(`The file is no CSV. If it is an Excel workbook, send it as ${xlsxMedia}.`);
  return readCsv(bytes);
};

/** By its first bytes: PKWARE's local file header, or Microsoft's compound file ([MS-CFB] section 2.2). */
const kindOf = (bytes: Buffer): "zip" | "compound" | "other" => {
  if (bytes.subarray(0, 4).equals(Buffer.from("504b0304", "hex"))) return "zip";
  if (bytes.subarray(0, 8).equals(Buffer.from("d0cf11e0a1b11ae1", "hex"))) return "compound";
  return "other";
};
