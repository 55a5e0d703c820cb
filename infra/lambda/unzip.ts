import { unpack, zipEntries } from "../../shared/spreadsheet/zip.ts";

/** The reader of workbooks brings a second unpacker along: it gets only what shared/spreadsheet/xlsx.ts has unpacked. */
export default async (archive: ArrayBuffer) =>
  Object.fromEntries(unpack(zipEntries(Buffer.from(archive)), archive.byteLength));
