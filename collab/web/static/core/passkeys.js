// @ts-check
/** Passkeys: what the browser and its devices do, in the words of the server's JSON. */
import { Problem } from "./problem.js";

/** The members that TypeScript's own library does not know yet. @returns {any} */
const kind = () => /** @type {any} */ (globalThis).PublicKeyCredential;

/** Whether this browser has passkeys for this page. */
export function hasPasskeys() {
  return Boolean(kind()?.parseCreationOptionsFromJSON && kind()?.prototype.toJSON);
}

/**
 * Have a device make a passkey.
 * @param {any} options
 * @param {AbortSignal} signal aborted when nobody waits for it any more: a browser asks for one thing at a time
 */
export async function makePasskey(options, signal) {
  const publicKey = kind().parseCreationOptionsFromJSON(options);
  return asked(() => navigator.credentials.create({ publicKey, signal }));
}

/**
 * Have a device sign with a passkey of the person's choice.
 * @param {any} options
 * @param {AbortSignal} signal as above
 */
export async function signWithPasskey(options, signal) {
  const publicKey = kind().parseRequestOptionsFromJSON(options);
  return asked(() => navigator.credentials.get({ publicKey, signal }));
}

/** @param {() => Promise<Credential | null>} ask */
async function asked(ask) {
  const found = await ask().catch((error) => {
    throw new Problem(-1, { detail: WORDS[error.name] ?? WORDS["NotAllowedError"] });
  });
  return /** @type {any} */ (found)?.toJSON();
}

/** @type {Record<string, string>} */
const WORDS = {
  NotAllowedError: "No passkey was used: nothing was chosen, or it took too long.",
  InvalidStateError: "This device already has a passkey for your account.",
  SecurityError: "Passkeys need the service’s name in the address, such as http://localhost:5000.",
};
