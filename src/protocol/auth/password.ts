/**
 * What proves who somebody is: the password, or its SHA-1, which is all that
 * mysql_native_password takes to log in.
 */
export type Password = string | { readonly sha1: Buffer };
