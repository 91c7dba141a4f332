/**
 * sha256_password, before MySQL 8 had the caching one: the password itself, ended by a zero
 * byte, inside TLS, or encrypted by RSA as caching_sha2_password does it; one zero byte for an
 * empty password.
 * Sources: page "SHA256"; MySQL `sql/auth/sha2_password.cc`.
 */
export const sha256Password = 'sha256_password';

/** Client to server, alone in a packet: send your public key. */
export const sha256KeyRequest = 1;
