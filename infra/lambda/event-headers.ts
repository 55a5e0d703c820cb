/** The SDK signs the headers of an event in a stream with this: no operation that the exchange calls sends any. */
export class HeaderFormatter {}
