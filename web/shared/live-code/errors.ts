/** What can go wrong in a codec, a key or a check. No text here ever holds a person's name or number. */

/** Octets or characters that are not in the one form the format allows. */
export class Malformed extends Error {}

/** The signature is not that key's signature over that message. */
export class BadSignature extends Error {}

/** A key that cannot be used: not on its curve, another curve, another encoding than the one allowed. */
export class BadKey extends Error {}

/** A certificate that does not stand under its root, or says something other than what it must say. */
export class BadCertificate extends Error {}

/** A trust bundle that must not be used: not the root's, older than one seen, or at odds with itself. */
export class BadTrust extends Error {}
