import { readFileSync } from "node:fs";
import { parse } from "csv-parse/sync";
import { describe, expect, it } from "vitest";
import { authorityMatcher, type NamedAuthority } from "../../shared/domain/authority-names.ts";

type Row = Record<string, string>;
const rows = (name: string): Row[] =>
  parse<Row>(readFileSync(new URL(`../../infra/local/data/${name}`, import.meta.url)), { columns: true });

const list = (text = "") => text.split(";").filter(Boolean);
const superseded = rows("authorities-superseded.csv");
const england = rows("authorities.csv").map(
  (row): NamedAuthority => ({
    code: row.dfeCode ?? "",
    gssCode: row.gssCode ?? "",
    formerGssCodes: superseded
      .filter(({ successorDfeCodes }) => list(successorDfeCodes).includes(row.dfeCode ?? ""))
      .map((each) => each.gssCode ?? ""),
    name: row.name ?? "",
    councilName: row.councilName ?? "",
    successors: [],
    effectiveTo: null,
  }),
);
const devolved = rows("devolved.csv").map(
  (row): NamedAuthority => ({
    code: row.dfeCode || String(row.gssCode),
    gssCode: row.gssCode ?? "",
    formerGssCodes: [],
    name: row.name ?? "",
    councilName: row.councilName ?? "",
    successors: [],
    effectiveTo: null,
  }),
);
const ended = (code: string, gssCode: string, name: string, effectiveTo: string, successors: string[]) => ({
  code,
  gssCode,
  formerGssCodes: [],
  name,
  councilName: `${name} Council`,
  successors,
  effectiveTo,
});
const past = [
  ended("875", "E10000004", "Cheshire", "2009-03-31", ["895", "896"]),
  ended("835", "E10000009", "Dorset", "2019-03-31", ["838", "839"]),
  ended("837", "E06000028", "Bournemouth", "2019-03-31", ["839"]),
  ended("820", "E10000001", "Bedfordshire", "2009-03-31", ["822", "823"]),
  ended("909", "E10000006", "Cumbria", "2023-03-31", ["942", "943"]),
];
const match = authorityMatcher([...england, ...devolved, ...past], "2026-11-21");

const spellings: [code: string, names: string[]][] = [
  ["201", ["City of London", "City of London Corporation", "Corporation of London", "London, City of"]],
  ["202", ["Camden", "London Borough of Camden", "Camden LBC", "LB Camden", "CAMDEN COUNCIL", " camden  council "]],
  ["203", ["Royal Borough of Greenwich", "Greenwich", "RB Greenwich", "London Borough of Greenwich"]],
  ["205", ["Hammersmith & Fulham", "Hammersmith and Fulham", "LB of Hammersmith & Fulham"]],
  ["207", ["Royal Borough of Kensington & Chelsea", "RBKC", "Kensington and Chelsea"]],
  ["213", ["Westminster", "City of Westminster", "Westminster City Council"]],
  ["314", ["Kingston upon Thames", "Kingston-upon-Thames", "Royal Borough of Kingston", "Kingston on Thames"]],
  ["318", ["Richmond upon Thames", "Richmond"]],
  ["330", ["Birmingham", "birmingham city council", "BIRMINGHAM", "City of Birmingham"]],
  ["336", ["Wolverhampton", "City of Wolverhampton Council", "Wolverhampton City Council"]],
  ["342", ["St. Helens", "St Helens", "Saint Helens", "St Helens MBC", "St. Helens Metropolitan Borough Council"]],
  ["344", ["Wirral", "Wirral Council", "The Wirral", "Metropolitan Borough of Wirral"]],
  ["370", ["Barnsley", "Barnsley MBC", "E08000038", "E08000016", "e08000016"]],
  ["380", ["Bradford", "City of Bradford MDC", "Bradford Metropolitan District Council"]],
  ["391", ["Newcastle upon Tyne", "Newcastle-upon-Tyne", "Newcastle", "Newcastle City Council"]],
  ["420", ["Isles of Scilly", "Council of the Isles of Scilly", "Scilly"]],
  ["800", ["Bath & North East Somerset", "B&NES", "BANES", "Bath and NE Somerset"]],
  ["801", ["Bristol, City of", "Bristol City Council", "Bristol", "City of Bristol", "E06000023"]],
  ["802", ["North Somerset", "North Somerset Council"]],
  ["808", ["Stockton-on-Tees", "Stockton on Tees", "Stockton"]],
  ["810", ["Kingston upon Hull, City of", "Kingston-upon-Hull", "Hull", "Hull City Council", "City of Hull"]],
  ["811", ["East Riding of Yorkshire", "East Riding"]],
  ["816", ["York", "City of York Council", "York, City of"]],
  ["822", ["Bedford", "Bedford Borough", "Bedford Borough Council"]],
  ["831", ["Derby", "Derby City Council"]],
  ["830", ["Derbyshire", "Derbyshire County Council", "Derbyshire CC"]],
  ["838", ["Dorset", "Dorset Council", "Dorset County Council"]],
  [
    "839",
    ["Bournemouth, Christchurch and Poole", "Bournemouth, Christchurch & Poole", "BCP", "BCP Council", "E06000028"],
  ],
  ["840", ["County Durham", "Durham", "Durham County Council", "DURHAM COUNTY"]],
  ["861", ["Stoke-on-Trent", "Stoke on Trent", "City of Stoke-on-Trent", "Stoke"]],
  ["868", ["Windsor & Maidenhead", "Royal Borough of Windsor and Maidenhead", "RBWM"]],
  ["882", ["Southend-on-Sea", "Southend", "Southend City Council"]],
  ["884", ["Herefordshire, County of", "Herefordshire", "County of Herefordshire", "Herefordshire Council"]],
  ["891", ["Nottinghamshire", "Nottinghamshire County Council"]],
  ["892", ["Nottingham", "Nottingham City", "City of Nottingham"]],
  ["894", ["Telford & Wrekin", "Telford and Wrekin Council", "Borough of Telford and Wrekin"]],
  ["896", ["Cheshire West and Chester", "Cheshire West & Chester", "CWaC", "Cheshire West"]],
  ["929", ["Northumberland", "E06000057", "E06000048", "E10000022"]],
  ["660", ["Isle of Anglesey", "Anglesey", "Ynys Môn", "Ynys Mon"]],
  ["681", ["Cardiff", "Caerdydd", "City of Cardiff Council"]],
  ["S12000017", ["Highland", "The Highland Council", "S12000017"]],
  ["S12000036", ["Edinburgh", "City of Edinburgh Council"]],
];

describe("an authority", () => {
  it("is found by its number, its GSS code and its two names, all 153 of England's and the devolved nations'", () => {
    expect(england).toHaveLength(153);
    const missed = [...england, ...devolved].flatMap(({ code, gssCode, name, councilName }) =>
      [code, gssCode, name, councilName, name.toUpperCase(), councilName.toLowerCase(), ` ${name}\u00A0`].filter(
        (text) => {
          const found = match(text);
          return !("found" in found && found.found === code);
        },
      ),
    );
    expect(missed).toEqual([]);
  });

  it.each(spellings)("%s is found under every spelling in use", (code, names) => {
    expect(names.map((name) => [name, match(name)])).toEqual(names.map((name) => [name, { found: code }]));
  });

  it.each([
    ["Kingston", ["314", "810"]],
    ["Nottingham County Council", ["891", "892"]],
    ["Derbyshire City Council", ["830", "831"]],
    ["Leicester County Council", ["855", "856"]],
    ["Bedford County Council", ["820", "822"]],
    ["E10000005", ["420", "908"]],
    ["E10000009", ["838", "839"]],
  ])("is not guessed at: %s", (name, codes) => {
    expect(match(name)).toEqual({ fault: "ambiguous", codes });
  });

  it.each([
    ["875", "875", ["895", "896"]],
    ["Cheshire", "875", ["895", "896"]],
    ["Cheshire County Council", "875", ["895", "896"]],
    ["Bournemouth", "837", ["839"]],
    ["Cumbria", "909", ["942", "943"]],
    ["Bedfordshire", "820", ["822", "823"]],
  ])("that has ended is named with its successors: %s", (name, code, successors) => {
    expect(match(name)).toEqual({ fault: "ended", code, successors });
  });

  it.each([
    "",
    " ",
    "London",
    "Council",
    "City of",
    "County",
    "Yorkshire",
    "Sussex",
    "North",
    "999",
    "E99999999",
    "constructor",
    "__proto__",
    "Birmingham, Alabama",
    "33",
    "0330",
  ])("is unknown: %j", (name) => {
    expect(match(name)).toEqual({ fault: "unknown" });
  });
});
