/**
 * Keeps count of the looks a source takes, one after the other, at what it reads: who asks whether it is idle needs a look
 * that began after they asked, for an earlier one may have missed what they mean.
 */
export const countLooks = () => {
  let begun = 0;
  let quiet = 0;
  let ended = Promise.withResolvers<void>();
  return {
    begin: (): void => {
      begun += 1;
    },
    end: (foundNothing: boolean): void => {
      if (foundNothing) quiet = begun;
      ended.resolve();
      ended = Promise.withResolvers();
    },
    /** The number of the latest look. */
    latest: (): number => begun,
    /** Has a look after that one found nothing? */
    quietAfter: (look: number): boolean => quiet > look,
    nextEnd: (): Promise<void> => ended.promise,
  };
};

/** Rests between looks, which `wake` or the closing of the source cut short. */
export const restUntil = (closing: AbortSignal) => {
  let wake = (): void => {};
  closing.addEventListener("abort", () => wake());
  return {
    rest: (ms: number): Promise<void> =>
      new Promise((resolve) => {
        if (closing.aborted) return resolve();
        const timer = setTimeout(resolve, ms);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
    wake: (): void => wake(),
  };
};
