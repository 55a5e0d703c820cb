import * as z from "zod";
import { csvMedia, mostRows, xlsxMedia } from "../spreadsheet/table.ts";
import { contact } from "./directory.ts";
import { directoryCode, uuidV7 } from "./primitives.ts";
import { route } from "./route.ts";

/**
 * Bytes. Lambda takes an event of at most 6 MB, in which a file stands as base64, a third larger, beside the headers: a
 * file of 4.5 MB makes 6,000,000 characters of the 6,291,556 that there are.
 */
export const largestFile = 4_500_000;

/** So that the answer fits the 6 MB of Lambda even where every contact is as long as it may be. */
export const mostListed = 1_000;
export const mostRefusedListed = 100;

const refusedRow = z.strictObject({
  line: z.int().positive().describe("The line of the file, or the row of the sheet, from 1"),
  column: z.string().describe("The usual heading of the column; empty where the row as a whole is refused"),
  reason: z.string().describe("What is wrong, without repeating it"),
});

const changed = z.strictObject({ before: contact, after: contact });
const count = z.int().nonnegative();

const dryRun = z
  .strictObject({
    sheet: z.string().nullable().describe("The sheet that was read; null for a CSV"),
    added: z.array(contact).describe("Their ids are examples: each import gives its own"),
    changed: z.array(changed),
    retired: z.array(changed).describe("Contacts in effect of authorities in the file, that are not in it"),
    refused: z
      .array(refusedRow)
      .describe("With any, the real run imports nothing, and their authorities are not among what is shown above"),
    unchanged: count,
    counts: z
      .strictObject({ added: count, changed: count, retired: count, refused: count })
      .describe(`Of all of them: of each, ${mostListed} are listed at most`),
    authoritiesNotInFile: z.array(directoryCode).describe("Their contacts are left as they are"),
    columnsIgnored: z.array(z.string()).describe("Headings of columns that are not taken"),
  })
  .meta({ id: "ImportDryRun", description: "What an import would do. Nothing was changed" });

const imported = z
  .strictObject({
    importId: uuidV7,
    added: count,
    changed: count,
    retired: count,
    unchanged: count,
    authoritiesNotInFile: z.array(directoryCode).describe("Their contacts are left as they are"),
  })
  .meta({ id: "ContactListImport", description: "What an import did" });

export const importContactList = route({
  operationId: "importContactList",
  method: "POST",
  path: "/v1/contact-list/imports",
  summary: `Import named contacts from a CSV or an Excel workbook (.xlsx), of at most ${largestFile} bytes and ${mostRows} rows, all or nothing. The file is the list of the authorities that it names: their contacts in effect that are not in it are retired; other authorities are left alone. Headings are recognised in any order and usual spelling; needed are the authority (DfE number, GSS code or name), name, role, email and telephone`,
  access: { kind: "token", scope: "contacts:admin", proof: "committed" },
  query: z.strictObject({
    dryRun: z
      .enum(["true", "false"])
      .optional()
      .describe("true: only show what would be added, changed, retired and refused"),
  }),
  upload: { media: [csvMedia, xlsxMedia], largest: largestFile },
  answers: {
    200: { description: "With dryRun: what would be done", schema: dryRun },
    201: { description: "What was done", schema: imported },
  },
  refusals: ["file-unreadable", "rows-refused", "import-under-way"],
  handler: "functions/contact-list/import-contact-list.ts",
});
