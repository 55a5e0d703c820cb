import { environment } from "../../shared/aws/environment.ts";
import { contactList, type Publication } from "../../shared/contract/publications.ts";
import { digestOf, digestOfText } from "../../shared/domain/canonical.ts";
import { csvOf, type Format, listAt } from "../../shared/domain/publication.ts";
import { dateInEngland } from "../../shared/domain/working-days.ts";
import { accessSettings } from "../../shared/http/authenticate.ts";
import { keyRing } from "../../shared/keys/key-set.ts";
import { kmsClient } from "../../shared/keys/kms.ts";
import { signPublication } from "../../shared/keys/publication-signature.ts";
import { log } from "../../shared/observability/log.ts";
import { existsOn, listUnchanged, readSnapshot, type Snapshot } from "../../shared/store/directory.ts";
import { dynamoClient, type Item, type Write } from "../../shared/store/dynamo.ts";
import { putOutboxRow } from "../../shared/store/outbox.ts";
import { type Document, newestFrom, putPublication } from "../../shared/store/publications.ts";
import { tableNames } from "../../shared/store/table-names.ts";
import { rememberNewest } from "./find-document.ts";

export const publishingDependencies = () => ({
  dynamo: dynamoClient(),
  tables: tableNames("directory", "publications", "outbox"),
  issuer: accessSettings().issuer,
  signer: keyRing(kmsClient(), environment("PUBLICATION_KEYS").PUBLICATION_KEYS).current,
});
export type PublishingDependencies = ReturnType<typeof publishingDependencies>;

/** What is to be written, nothing where the newest publication says what the list says; `afterwards` when it has committed. */
export type NextPublication = { publication: Publication; isNew: boolean; writes: Write[]; afterwards: () => void };

/** As many as one outbox row tells: two writes for each in its transaction, and a webhook. */
const mostAddressees = 30;

/**
 * The publication of the list as it stands now, with its tidings to every authority and the DfE. It is signed before it
 * commits and leaves only with it. Its transaction fails when the list has changed meanwhile (`list`) or another
 * publication came first (`newest`), so that it is what the list said at one moment, and no number is left out or used
 * twice.
 */
export const nextPublication = async (
  newestItem: Item | undefined,
  { dynamo, tables, issuer, signer }: PublishingDependencies,
): Promise<NextPublication> => {
  const newest = newestFrom(newestItem);
  const snapshot = await readSnapshot(dynamo, tables.directory);
  const publishedAt = new Date().toISOString();
  const list = listAt(snapshot.authorities, publishedAt);
  const content = digestOf(list);
  if (newest?.content === content) {
    const { content: _, parts: __, ...publication } = newest;
    return { publication, isNew: false, writes: [], afterwards: () => {} };
  }
  const number = (newest?.number ?? 0) + 1;
  const texts = {
    json: JSON.stringify(contactList.parse({ number, publishedAt, issuer, ...list })),
    csv: csvOf(list),
  };
  const document = async (format: Format): Promise<Document> => ({
    number,
    format,
    text: texts[format],
    digest: digestOfText(texts[format]),
    signature: await signPublication(signer, { issuer, number, publishedAt, format }, texts[format]),
  });
  const [json, csv] = await Promise.all([document("json"), document("csv")]);
  const publication = {
    number,
    publishedAt,
    json: { digest: json.digest, signature: json.signature },
    csv: { digest: csv.digest, signature: csv.signature },
    authorities: list.authorities.length,
    contacts: list.contacts.length,
  };
  return {
    publication,
    isNew: true,
    writes: [
      listUnchanged(tables.directory, snapshot.changes),
      ...putPublication(tables.publications, newest, { ...publication, content }, texts),
      ...tidings(tables.outbox, publication, addressees(snapshot, publishedAt)),
    ],
    afterwards: () => {
      rememberNewest([json, csv]);
      const { authorities, contacts } = publication;
      log("contact-list-published", { publication: number, authorities, contacts });
    },
  };
};

const addressees = ({ authorities }: Snapshot, now: string): string[] => [
  ...authorities
    .filter((each) => each.nation === "England" && existsOn(each, dateInEngland(now)))
    .map(({ code }) => code),
  "dfe",
];

const tidings = (table: string, { number, publishedAt }: Publication, concerned: readonly string[]): Write[] =>
  Array.from({ length: Math.ceil(concerned.length / mostAddressees) }, (_, index) =>
    putOutboxRow(table, {
      subject: `publication#${number}#${index}`,
      sequence: 1,
      type: "contact-list.published",
      at: publishedAt,
      data: { publication: number },
      concerns: concerned.slice(index * mostAddressees, (index + 1) * mostAddressees),
    }),
  );
