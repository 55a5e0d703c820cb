/** By which way something reaches an addressee, and how far that has come. */
export const channels = ["webhook", "email"] as const;
export const deliveryStates = ["pending", "delivered", "failed"] as const;
