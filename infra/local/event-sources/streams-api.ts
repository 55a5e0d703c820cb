import type { DynamoDBRecord, StreamRecord } from "aws-lambda";

export type Change = DynamoDBRecord & {
  dynamodb: StreamRecord & { SequenceNumber: string; ApproximateCreationDateTime: number };
};

export type ShardDescription = { ShardId: string; ParentShardId?: string };

/**
 * DynamoDB Streams over its JSON protocol, which is the form that Lambda hands on. The embedded engine wants a signature
 * to be there and does not look at it.
 */
export const streamsApi = (endpoint: string, signal: AbortSignal) => {
  const call = async <Answer>(target: string, input: object): Promise<Answer> => {
    const response = await fetch(endpoint, {
      method: "POST",
      headers: {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": target,
        "x-amz-date": new Date().toISOString().replace(/[-:]|\.\d+/g, ""),
        authorization: "AWS4-HMAC-SHA256 Credential=local, SignedHeaders=host, Signature=local",
      },
      body: JSON.stringify(input),
      signal: AbortSignal.any([signal, AbortSignal.timeout(5_000)]),
    });
    if (!response.ok) throw await failureFrom(response);
    return (await response.json()) as Answer;
  };

  const iterator = async (input: object): Promise<string> =>
    (await call<{ ShardIterator: string }>("DynamoDBStreams_20120810.GetShardIterator", input)).ShardIterator;

  return {
    /** @throws Error where the table has no stream */
    streamOf: async (TableName: string): Promise<string> => {
      const { Table } = await call<{ Table: { LatestStreamArn?: string } }>("DynamoDB_20120810.DescribeTable", {
        TableName,
      });
      if (!Table.LatestStreamArn) throw new Error(`The table ${TableName} has no stream`);
      return Table.LatestStreamArn;
    },

    shards: async (StreamArn: string): Promise<ShardDescription[]> => {
      const shards: ShardDescription[] = [];
      let ExclusiveStartShardId: string | undefined;
      do {
        const { StreamDescription: page } = await call<{
          StreamDescription: { Shards: ShardDescription[]; LastEvaluatedShardId?: string };
        }>("DynamoDBStreams_20120810.DescribeStream", { StreamArn, ExclusiveStartShardId });
        shards.push(...page.Shards);
        ExclusiveStartShardId = page.LastEvaluatedShardId;
      } while (ExclusiveStartShardId);
      return shards;
    },

    /** After that record, or from the oldest that is kept where there is none or it is no longer kept. */
    iteratorAfter: async (StreamArn: string, ShardId: string, SequenceNumber: string | undefined): Promise<string> => {
      const fromOldest = { StreamArn, ShardId, ShardIteratorType: "TRIM_HORIZON" };
      if (SequenceNumber === undefined) return iterator(fromOldest);
      try {
        return await iterator({ StreamArn, ShardId, ShardIteratorType: "AFTER_SEQUENCE_NUMBER", SequenceNumber });
      } catch (error) {
        if (error instanceof Error && error.name === "TrimmedDataAccessException") return iterator(fromOldest);
        throw error;
      }
    },

    /** No `next` means that the shard is closed and read to its end. */
    records: async (ShardIterator: string, Limit: number): Promise<{ records: Change[]; next: string | null }> => {
      const { Records, NextShardIterator } = await call<{ Records: Change[]; NextShardIterator?: string }>(
        "DynamoDBStreams_20120810.GetRecords",
        { ShardIterator, Limit },
      );
      return { records: Records, next: NextShardIterator ?? null };
    },
  };
};

const failureFrom = async (response: Response): Promise<Error> => {
  const { __type } = (await response.json().catch(() => ({}))) as { __type?: string };
  const name = __type?.split("#").at(-1) ?? `HTTP ${response.status}`;
  return Object.assign(new Error(`DynamoDB Streams: ${name}`), { name });
};
