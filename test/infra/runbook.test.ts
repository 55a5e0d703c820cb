import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { catalogue } from "../../shared/observability/log.ts";
import { watched } from "../builders/watched.ts";

const runbook = readFileSync(new URL("../../infra/runbook.md", import.meta.url), "utf8");
const sections = runbook.split(/^## /m).slice(1);

/** As GitHub makes it from a heading of letters, digits and spaces. */
const anchorOf = (section: string): string => {
  const [heading = ""] = section.split("\n");
  expect(heading).toMatch(/^[A-Za-z ]+$/);
  return heading.toLowerCase().replaceAll(" ", "-");
};
const anchors = sections.map(anchorOf);

const alarms = Object.values(watched().findResources("AWS::CloudWatch::Alarm")).map(
  ({ Properties }) => Properties as { AlarmName: string; AlarmDescription: string },
);

const anchorNamedBy = ({ AlarmDescription }: { AlarmDescription: string }): string | undefined =>
  / What to do: infra\/runbook\.md#([a-z-]+)$/.exec(AlarmDescription)?.[1];

it.each(alarms)("$AlarmName says what users feel and leads to a section that exists", (alarm) => {
  expect(alarm.AlarmDescription).toMatch(/^[A-Z][^#]{30,}\. What to do: /);
  expect(anchors).toContain(anchorNamedBy(alarm));
});

it.each(sections.map((section) => [anchorOf(section), section]))(
  "the section %s is an alarm's, and named by it",
  (anchor, section) => {
    const its = alarms.filter((alarm) => anchorNamedBy(alarm) === anchor);
    expect(its).not.toEqual([]);
    const [, answer = ""] = section.split("\n");
    for (const { AlarmName } of its) {
      const name = AlarmName.replace("production", "$STAGE").replace(/(schedule-stopped)-.*/, "$1-…");
      expect(answer).toContain(`\`${name}\``);
    }
  },
);

it.each(sections.map((section) => [anchorOf(section), section]))(
  "the section %s leads with the answer, then says what users feel, how to look and how to mend it",
  (_anchor, section) => {
    expect(section).toMatch(/^[^\n]+\n\*\*[^*]+\*\*[\s\S]*\n\nUsers feel: [\s\S]*\n\nLook[\s\S]*```sh[\s\S]*\n```/);
    expect(section).toMatch(/^(Mend\b|Look and mend:)/m);
  },
);

it("links to sections that exist", () => {
  const links = [...runbook.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor);
  expect(links).toHaveLength(12);
  expect(links.filter((anchor) => !anchors.includes(anchor ?? ""))).toEqual([]);
});

/** Words of the query language. */
const language = new Set(
  "filter and or not like ispresent fields stats by as sort asc desc limit count pct latest earliest max bin m".split(
    " ",
  ),
);

/** The fields that a question to the logs names: neither the language's words, nor what is quoted, nor its own names. */
const fieldsIn = (question: string): string[] => {
  const own = [...question.matchAll(/ as ([A-Za-z0-9]+)/g)].map(([, name]) => name);
  const words = question.replaceAll(/"[^"]*"|\/[^/]*\/|@\w+/g, "").match(/[A-Za-z]\w*/g) ?? [];
  return words.filter((word) => !language.has(word) && !own.includes(word));
};

const questions = [...runbook.matchAll(/ask '(filter [^']*)'/g)].map(([, question = ""]) => question);

it("asks the logs for what stands in them", () => {
  expect(questions.length).toBeGreaterThan(30);
  const entries: Record<string, { fields: readonly string[] }> = catalogue;
  for (const question of questions) {
    const codes = [...question.matchAll(/code = "([^"]+)"/g)].map(([, code = ""]) => code);
    expect(codes.filter((code) => !(code in entries))).toEqual([]);
    const known = (codes.length > 0 ? codes : Object.keys(entries)).flatMap((code) => entries[code]?.fields ?? []);
    const unknown = fieldsIn(question).filter((field) => !["at", "code", ...known].includes(field));
    expect({ question, unknown }).toEqual({ question, unknown: [] });
  }
});
