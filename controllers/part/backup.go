package part

// Vault is where the backups of a service are kept, and what they are made with.
type Vault struct {
	// Image of the program that carries the archives.
	Image Image
	// Storage of the claim that keeps them.
	Storage Storage
	// Login of the role that reads everything; nil until it was made.
	Login *Credential
	// Schedule is when backups are made, in the TimeZone where that is not empty; empty: only on demand.
	Schedule, TimeZone string
	// Verify is when the newest archive is restored for a try; empty: never.
	Verify string
	// Keep is how many archives are kept; 0: all.
	Keep int32
}

// Recovery is the backup that a service is made from.
type Recovery struct {
	// Source is the service, of the same namespace and kind, that the archive is a copy of.
	Source string
	// Archive is its name in the place of the backups.
	Archive string
}
