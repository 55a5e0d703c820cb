import type * as z from "zod";
import type { reorganisation as schema } from "../../shared/contract/reorganisations.ts";
import type { Reorganisation } from "../../shared/domain/reorganisation.ts";

/** A reorganisation as everybody sees it: not what the exchange notes for itself. */
export const showReorganisation = ({
  neighboursSettled: _,
  quietSince: __,
  ...shown
}: Reorganisation): z.input<typeof schema> => shown;
