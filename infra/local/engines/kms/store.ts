import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import * as z from "zod";
import { isSoundMaterial } from "./cryptography.ts";

export const keySpec = z.enum(["SYMMETRIC_DEFAULT", "ECC_NIST_P256", "HMAC_256"]);

// Times are milliseconds since the epoch.
const storedKey = z
  .strictObject({
    id: z.uuid(),
    spec: keySpec,
    material: z.base64(),
    description: z.string(),
    createdAt: z.number(),
    enabled: z.boolean(),
    deletionAt: z.number().nullable(),
  })
  .refine(isSoundMaterial);

const storedAlias = z.strictObject({ name: z.string(), keyId: z.uuid(), createdAt: z.number(), updatedAt: z.number() });

const storedState = z
  .strictObject({ version: z.literal(1), keys: z.array(storedKey), aliases: z.array(storedAlias) })
  .refine(({ keys, aliases }) => aliases.every(({ keyId }) => keys.some(({ id }) => id === keyId)));

export type Key = z.infer<typeof storedKey>;
export type Alias = z.infer<typeof storedAlias>;
type State = z.infer<typeof storedState>;

const load = (file: string): State => {
  if (!existsSync(file)) return { version: 1, keys: [], aliases: [] };
  try {
    return storedState.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    // The cause is left out: a parser's message quotes what it read, and this file holds keys.
    throw new Error(
      `${file} is not a readable local KMS state file: restore it, or delete it and all data encrypted under its keys`,
    );
  }
};

/** Whoever reads the file sees the old state or the new one, never a part, whenever the process dies. */
const save = (file: string, state: State): void => {
  const draft = `${file}.draft`;
  mkdirSync(dirname(file), { recursive: true });
  rmSync(draft, { force: true });
  writeFileSync(draft, JSON.stringify(state), { mode: 0o600, flag: "wx", flush: true });
  renameSync(draft, file);
};

export type Store = ReturnType<typeof openStore>;

/**
 * The keys and aliases in `file`, held in memory. A change is on disk before it is seen.
 * @throws Error if the file is there but is not a state file.
 */
export const openStore = (file: string) => {
  let state = load(file);
  const commit = (change: Partial<State>): void => {
    const next = { ...state, ...change };
    save(file, next);
    state = next;
  };
  return {
    key: (id: string): Key | undefined => state.keys.find((key) => key.id === id),
    alias: (name: string): Alias | undefined => state.aliases.find((alias) => alias.name === name),
    aliases: (): readonly Alias[] => state.aliases,
    putKey: (key: Key): void => commit({ keys: [...state.keys.filter(({ id }) => id !== key.id), key] }),
    putAlias: (alias: Alias): void =>
      commit({ aliases: [...state.aliases.filter(({ name }) => name !== alias.name), alias] }),
    /** Forgets the keys whose waiting period is over, and their aliases. */
    destroyKeysDue: (now: number): void => {
      const isDue = ({ deletionAt }: Key): boolean => deletionAt !== null && deletionAt <= now;
      if (!state.keys.some(isDue)) return;
      const keys = state.keys.filter((key) => !isDue(key));
      commit({ keys, aliases: state.aliases.filter(({ keyId }) => keys.some(({ id }) => id === keyId)) });
    },
  };
};
