/** What is known beforehand of a user who logs in. */
export type KnownAccount =
  | {
      readonly kind: 'password';
      readonly password: string;
      /**
       * `final`: no other is right. Else it was right before: another one is asked of a node, and
       * with `confirm` this one too.
       */
      readonly trust: 'final' | 'earlier' | 'confirm';
    }
  /**
   * What a server keeps for the accounts of this name that use mysql_native_password; empty for
   * an empty password. A node must be asked whether it takes the one that is found to be right.
   */
  | { readonly kind: 'native_hashes'; readonly doubleSha1s: readonly Buffer[] }
  /** Only a node can tell, once the client has given its password. */
  | { readonly kind: 'ask' };
