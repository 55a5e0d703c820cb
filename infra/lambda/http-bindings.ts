/** The SDK asks which members of a request go into its address and headers: with our services all are in the body. */
export class HttpBindingNormalizedSchema {}
export const getHttpOperationBindings = () => [];
