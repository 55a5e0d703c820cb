/**
 * What makes the write that replaces a thing fail when anything happened to it since it was read, or when its state is none
 * of these: so the database holds the lifecycle's rule too.
 * @param states absent where any will do, such as for a read
 */
export const unchanged = ({ version }: { version: number }, states?: readonly string[]) => ({
  ConditionExpression: ["version = :version", ...(states ? [`#state IN (${states.map(placeholder)})`] : [])].join(
    " AND ",
  ),
  ...(states && { ExpressionAttributeNames: { "#state": "state" } }),
  ExpressionAttributeValues: {
    ":version": version,
    ...Object.fromEntries((states ?? []).map((state) => [placeholder(state), state])),
  },
});

const placeholder = (state: string): string => `:${state.replaceAll("-", "_")}`;
