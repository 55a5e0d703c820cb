import * as z from "zod";

/** What officers wrote, in the order of the events that it belongs to. */
export const notesOf = <Note extends z.ZodType>(note: Note) =>
  z.strictObject({
    items: z.array(
      z.strictObject({ sequence: z.int().positive().describe("Of the event that the note belongs to"), note }),
    ),
  });
