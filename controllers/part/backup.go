package part

// Vault is where the backups of a service are kept, and what they are made with.
type Vault struct {
	// Image of the program that carries the archives.
	Image Image
	// Storage of the claim that keeps them, where Bucket is nil.
	Storage Storage
	// Bucket keeps them; nil: a claim does.
	Bucket *Bucket
	// Login of the role that reads everything; nil until it was made.
	Login *Credential
	// Schedule is when backups are made, in the TimeZone where that is not empty; empty: only on demand.
	Schedule, TimeZone string
	// Verify is when the newest archive is restored for a try; empty: never.
	Verify string
	// Keep is how many archives are kept, and KeepSeconds for how long; 0: all, for ever.
	Keep        int32
	KeepSeconds int64
}

// Bucket is a place in an object store that speaks S3.
type Bucket struct {
	// Name of the bucket, and Prefix of all folders in it; an empty Prefix is the top.
	Name, Prefix string
	// Endpoint is an URL without a path; empty: AWS's of the Region, which is never empty.
	Endpoint, Region string
	// VirtualHost names the bucket in the host, not in the path.
	VirtualHost bool
	// Authorities are certificates in PEM that the server's is checked with; empty: the public ones.
	Authorities string
	// CIDRs are the addresses of the server for network policies; empty: what the endpoint's host tells.
	CIDRs []string
	// Secret or ServiceAccount, of the namespace of the service, lets pods in.
	Secret, ServiceAccount string
}

// Recovery is the backup that a service is made from.
type Recovery struct {
	// Source is the service, of the same namespace and kind, that the archive is a copy of.
	Source string
	// Archive is its name in the place of the backups.
	Archive string
}
