/** The SDK asks a virtual machine's metadata service where it is. Lambda says so in the environment. */
export const getInstanceMetadataRegion = async (): Promise<undefined> => undefined;
