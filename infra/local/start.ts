import { startExchange } from "./exchange.ts";
import { readSettings } from "./settings.ts";
import { StartError } from "./start-error.ts";

/** Whatever is written under DATA_DIR is the owner's alone. */
process.umask(0o077);

const inOneLine = (error: unknown): string => {
  const { name, message, code } = error as { name?: string; message?: string; code?: string };
  return (message || code || name || String(error)).split("\n", 1).join("");
};

const stop = async (close: () => Promise<void>): Promise<never> => {
  await close();
  process.exit(0);
};

try {
  const exchange = await startExchange(await readSettings(process.env));
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop(exchange.close));
  console.log(`The CME Referral Exchange is ready at ${exchange.origin} (clients' keys in ${exchange.clients})`);
} catch (error) {
  console.error(error instanceof StartError ? error.message : `The exchange can't start: ${inOneLine(error)}`);
  process.exit(1);
}
