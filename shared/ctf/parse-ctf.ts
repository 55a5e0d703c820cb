import * as z from "zod";
import { calendarDate, singleLine } from "../contract/primitives.ts";
import { normaliseUpn, type UpnComparison } from "../domain/upn.ts";
import { readXml, type XmlElement, type XmlRefusal, XmlRefused } from "./xml.ts";

/** Elements that may be missing or empty. A name of a single word is a surname without a forename. */
const pupil = z.strictObject({
  upn: singleLine(40).optional(),
  surname: singleLine(100),
  forename: singleLine(100).optional(),
  dateOfBirth: calendarDate,
  sex: z.enum(["M", "F", "U"]).optional(),
});

/** A school as the file's header names it, which need not be one in England. */
const school = z.strictObject({
  authority: singleLine(20).optional(),
  establishment: singleLine(20).optional(),
  name: singleLine(200).optional(),
});

/** What is read of a common transfer file: whose it is, and where it comes from. */
export const commonTransferFile = z.strictObject({
  pupil,
  /** Such as 25.0. */
  version: singleLine(20).optional(),
  /** As the file says it, mostly without a time zone. */
  madeAt: singleLine(40).optional(),
  sourceSchool: school.optional(),
  destinationSchool: school.optional(),
});

export type CommonTransferFile = z.output<typeof commonTransferFile>;

export type CtfRefusal = XmlRefusal | "not-a-ctf" | "no-pupil" | "several-pupils" | "content-not-acceptable";

/** `detail` says which elements are at fault and never repeats what they hold. */
export type CtfReading =
  | { readable: true; file: CommonTransferFile }
  | { readable: false; because: CtfRefusal; detail: string };

const details: Readonly<Record<CtfRefusal, string>> = {
  "too-large": "The file is larger than 200 KiB.",
  "encoding-not-utf-8": "The file is not in UTF-8.",
  "document-type": "The file has a document type or an entity declaration, which no common transfer file needs.",
  "not-well-formed": "The file is not well-formed XML.",
  "too-deep": "The file nests elements more deeply than a common transfer file does.",
  "too-many-elements": "The file has more elements than one child’s common transfer file has.",
  "not-a-ctf": "The file is not a common transfer file: its root is not CTfile.",
  "no-pupil": "The file has no pupil.",
  "several-pupils": "The file has more than one pupil. Send the file of this child alone.",
  "content-not-acceptable": "The file’s elements are not as they should be",
};

/**
 * Reads the DfE's common transfer file of one child: `CTfile` with one `CTFpupilData` with one `Pupil`. The rest of the file
 * is left alone. An element that should be there once and is there twice is refused: two readers could take it for two
 * different children.
 *
 * @param xml bytes in UTF-8, or text; at most 200 KiB
 */
export const parseCtf = (xml: Uint8Array | string): CtfReading => {
  try {
    return readingOf(readXml(xml));
  } catch (error) {
    if (error instanceof XmlRefused) return refused(error.because);
    throw error;
  }
};

const refused = (because: CtfRefusal, elements: string[] = []): CtfReading => ({
  readable: false,
  because,
  detail: elements.length > 0 ? `${details[because]}: ${elements.join(", ")}.` : details[because],
});

const readingOf = (root: XmlElement): CtfReading => {
  if (root.name !== "CTfile") return refused("not-a-ctf");
  const pupils = childrenOf(root, "CTFpupilData").flatMap((data) => childrenOf(data, "Pupil"));
  const [only] = pupils;
  if (only === undefined) return refused("no-pupil");
  if (pupils.length > 1) return refused("several-pupils");
  const [header] = childrenOf(root, "Header");
  const repeated = [
    ...repeatedIn(root, ["Header", "CTFpupilData"]),
    ...repeatedIn(only, ["UPN", "Surname", "Forename", "DOB", "Sex", "Gender"]),
    ...(header ? repeatedIn(header, ["CTFversion", "DateTime", "SourceSchool", "DestSchool"]) : []),
  ];
  if (repeated.length > 0) return refused("content-not-acceptable", repeated);
  const { success, data, error } = commonTransferFile.safeParse({
    pupil: given({
      upn: textIn(only, "UPN"),
      surname: textIn(only, "Surname"),
      forename: textIn(only, "Forename"),
      dateOfBirth: textIn(only, "DOB"),
      // Called Gender before version 24 of the format.
      sex: textIn(only, "Sex") ?? textIn(only, "Gender"),
    }),
    ...(header && given({ version: textIn(header, "CTFversion"), madeAt: textIn(header, "DateTime") })),
    ...(header && given({ sourceSchool: schoolIn(header, "SourceSchool") })),
    ...(header && given({ destinationSchool: schoolIn(header, "DestSchool") })),
  });
  if (success) return { readable: true, file: data };
  return refused("content-not-acceptable", [...new Set(error.issues.map(({ path }) => elementAt(path)))]);
};

const childrenOf = (element: XmlElement, name: string): XmlElement[] =>
  element.children.filter((child) => child.name === name);

const repeatedIn = (element: XmlElement, names: string[]): string[] =>
  names.filter((name) => childrenOf(element, name).length > 1);

/** Without blanks around it; undefined if it is missing or empty, or holds elements where it should hold text. */
const textIn = (element: XmlElement, name: string): string | undefined => {
  const [found] = childrenOf(element, name);
  const text = found?.children.length === 0 ? found.text.trim() : "";
  return text === "" ? undefined : text;
};

const schoolIn = (header: XmlElement, name: string) => {
  const [element] = childrenOf(header, name);
  return (
    element &&
    given({
      authority: textIn(element, "LEA"),
      establishment: textIn(element, "Estab"),
      name: textIn(element, "SchoolName"),
    })
  );
};

const given = (members: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));

const elementNames: Readonly<Record<string, string>> = {
  upn: "UPN",
  surname: "Surname",
  forename: "Forename",
  dateOfBirth: "DOB",
  sex: "Sex",
  version: "CTFversion",
  madeAt: "DateTime",
  sourceSchool: "SourceSchool",
  destinationSchool: "DestSchool",
};

/** Of a pupil its own element; of the header the child of `Header`. */
const elementAt = (path: readonly PropertyKey[]): string => {
  const [first, second] = path.map(String);
  return elementNames[(first === "pupil" ? second : first) ?? ""] ?? "Pupil";
};

/** A file that is another child's is the mistake that this is to show. */
export const compareUpn = (
  file: Pick<CommonTransferFile["pupil"], "upn">,
  record: { upn?: string | undefined; formerUpns?: readonly string[] | undefined },
): UpnComparison => {
  const known = [...(record.upn === undefined ? [] : [record.upn]), ...(record.formerUpns ?? [])].map(normaliseUpn);
  if (file.upn === undefined || known.length === 0) return "absent";
  return known.includes(normaliseUpn(file.upn)) ? "matches" : "differs";
};
