/** The SDK loads this where an answer is a stream of events: no operation that the exchange calls answers one. */
export {};
