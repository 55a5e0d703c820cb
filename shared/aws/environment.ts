/**
 * The environment variables that a function needs, all or an error that names what is missing: each function asks for
 * its own, so that it is given nothing more.
 */
export const environment = <const Name extends string>(...names: Name[]): Record<Name, string> => {
  const missing = names.filter((name) => !process.env[name]);
  if (missing.length > 0) throw new Error(`Missing environment variables: ${missing.join(", ")}`);
  return Object.fromEntries(names.map((name) => [name, process.env[name]])) as Record<Name, string>;
};

/** Builds a thing when it is first asked for, and keeps it: importing a module has no side effect. */
export const once = <T>(build: () => T): (() => T) => {
  let built: { thing: T } | undefined;
  return () => {
    built ??= { thing: build() };
    return built.thing;
  };
};
