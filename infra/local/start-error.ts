/** Why the exchange can't start, in one line for whoever typed the command. */
export class StartError extends Error {
  override readonly name = "StartError";
}
