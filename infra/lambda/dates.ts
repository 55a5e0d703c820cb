/** The SDK reads and writes the dates of each protocol letter by letter: as Node does it, in one line each. */
export const dateToUtcString = (date: Date) => date.toUTCString();
export const parseRfc7231DateTime = (text: string) => new Date(text);
export const parseRfc3339DateTime = parseRfc7231DateTime;
export const parseRfc3339DateTimeWithOffset = parseRfc7231DateTime;
export const parseEpochTimestamp = (seconds: number | string) => new Date(Number(seconds) * 1000);
