import { crc32, inflateRawSync } from "node:zlib";
import { fileUnreadable } from "../domain/refusals.ts";

/** A file within an archive, where it stands there. */
export type ZipEntry = { name: string; method: number; crc: number; size: number; packed: Buffer };

const damaged = () => fileUnreadable("The file is damaged: it is no whole workbook.");

/** A workbook of many sheets has some dozens. */
const mostEntries = 2_000;

const endSignature = 0x06054b50;
const endSize = 22;
const entrySignature = 0x02014b50;
const entrySize = 46;
const localSignature = 0x04034b50;
const localSize = 30;
const encrypted = 0x0001;

/**
 * The files of an archive (PKWARE APPNOTE 6.3), from its central directory. Nothing is unpacked yet.
 * @throws Refusal `file-unreadable`
 */
export const zipEntries = (archive: Buffer): ZipEntry[] => {
  const end = endOf(archive);
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  if (count > mostEntries) throw fileUnreadable(`The workbook consists of more than ${mostEntries} files.`);
  const entries = new Map<string, ZipEntry>();
  for (let read = 0; read < count; read += 1) {
    if (at + entrySize > end || archive.readUInt32LE(at) !== entrySignature) throw damaged();
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => archive.readUInt16LE(at + offset));
    const next = at + entrySize + Number(nameLength) + Number(extraLength) + Number(commentLength);
    if (next > end) throw damaged();
    const name = archive.toString("utf8", at + entrySize, at + entrySize + Number(nameLength));
    if ((archive.readUInt16LE(at + 8) & encrypted) !== 0)
      throw fileUnreadable("The workbook is protected by a password.");
    // Two programs that find two files of one name don't read the same.
    if (entries.has(name)) throw damaged();
    entries.set(name, {
      name,
      method: archive.readUInt16LE(at + 10),
      crc: archive.readUInt32LE(at + 16),
      size: archive.readUInt32LE(at + 24),
      packed: packedAt(archive, archive.readUInt32LE(at + 42), archive.readUInt32LE(at + 20)),
    });
    at = next;
  }
  return [...entries.values()];
};

/** The end of the central directory: before a comment of at most 65,535 bytes. */
const endOf = (archive: Buffer): number => {
  for (let at = archive.length - endSize; at >= Math.max(0, archive.length - endSize - 0xffff); at -= 1) {
    if (archive.readUInt32LE(at) === endSignature) return at;
  }
  throw damaged();
};

const packedAt = (archive: Buffer, at: number, size: number): Buffer => {
  if (at + localSize > archive.length || archive.readUInt32LE(at) !== localSignature) throw damaged();
  const start = at + localSize + archive.readUInt16LE(at + 26) + archive.readUInt16LE(at + 28);
  if (start + size > archive.length) throw damaged();
  return archive.subarray(start, start + size);
};

/**
 * Unpacks files, of at most so many bytes together. What the archive says of their sizes is not believed: unpacking stops
 * at the limit, so a bomb costs no more than that.
 * @throws Refusal `file-unreadable`
 */
export const unpack = (entries: readonly ZipEntry[], mostBytes: number): Map<string, Buffer> => {
  const tooLarge = () => fileUnreadable(`The workbook is larger than ${mostBytes} bytes when it is unpacked.`);
  let left = mostBytes;
  const files = new Map<string, Buffer>();
  for (const { name, method, crc, size, packed } of entries) {
    if (size > left) throw tooLarge();
    const bytes = method === 0 ? packed : method === 8 ? inflated(packed, left, tooLarge) : undefined;
    if (bytes === undefined || crc32(bytes) !== crc) throw damaged();
    if (bytes.length > left) throw tooLarge();
    left -= bytes.length;
    files.set(name, bytes);
  }
  return files;
};

const inflated = (packed: Buffer, most: number, tooLarge: () => Error): Buffer => {
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(most, 1) });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE" ? tooLarge() : damaged();
  }
};
