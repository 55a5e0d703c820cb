/** SHA-256 in JavaScript, for where there is no node:crypto. */
export class Sha256Js {
  constructor() {
    throw new TypeError("node:crypto is missing");
  }
}
