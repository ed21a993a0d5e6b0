// Package credentials makes credential sets: random values, certificates, and the Secrets that carry them.
//
// The operator may create Secrets and nothing else. A set is therefore made in one go from values in memory: a ConfigMap with
// the public facts, and immutable Secrets that it owns. It counts when every create succeeded and the anchor names it;
// anything less is left behind as burnt, and the garbage collector takes its Secrets once the ConfigMap is deleted.
package credentials

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
)

// alphabet has characters that need no escape in a URL, a shell word or a configuration file.
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// PasswordLength is the number of characters of a generated value: 190 bits.
const PasswordLength = 32

// Password returns a random value.
func Password() string { return random(alphabet, PasswordLength) }

// suffix returns the random end of the names of one set.
func suffix() string { return random("bcdfghjklmnpqrstvwxz2456789", 5) }

// random draws characters without bias: bytes beyond the last whole multiple of the alphabet are drawn again.
func random(from string, length int) string {
	result := make([]byte, 0, length)
	bound := byte(256 / len(from) * len(from) & 0xff)
	buffer := make([]byte, length*2)
	for len(result) < length {
		_, _ = rand.Read(buffer) // never fails since Go 1.24
		for _, b := range buffer {
			if (bound == 0 || b < bound) && len(result) < length {
				result = append(result, from[int(b)%len(from)])
			}
		}
	}
	return string(result)
}

// digestOf is the SHA-256 of a password in hexadecimal. With 190 random bits it tells nothing about the password.
func digestOf(password string) string {
	sum := sha256.Sum256([]byte(password))
	return hex.EncodeToString(sum[:])
}
