import ssh2 from "ssh2";

/** Of an Ed25519 key on the wire: two lengths, `ssh-ed25519` and 32 bytes. */
const publicBytes = 51;

/**
 * A new Ed25519 key pair. ssh2 1.17 makes one that nobody can use once in some 250 times, without the zero byte that it should begin with:
 * such a one is made anew.
 * @param passphrase protects the private key
 */
export function newKeyPair(passphrase?: string): { readonly private: string; readonly public: string } {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync(
      "ed25519",
      passphrase === undefined ? {} : { passphrase, cipher: "aes256-ctr", rounds: 1 },
    );
    const parsed = ssh2.utils.parseKey(pair.private, passphrase);
    if (!(parsed instanceof Error) && parsed.getPublicSSH().length === publicBytes) {
      return pair;
    }
  }
}
