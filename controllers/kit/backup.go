package kit

import (
	"path"
	"regexp"

	"github.com/stackwright/stackwright/controllers/part"
)

const (
	// BackupRole is the component label of a Job that makes a backup.
	BackupRole = "backup"
	// RestoreRole is that of a Job that makes data of one.
	RestoreRole = "restore"
	// VerifyRole is that of a Job that tries whether an archive can be restored.
	VerifyRole = "verify"
)

var archiveName = regexp.MustCompile(`^[0-9]{8}-[0-9]{6}-[a-z0-9]{1,20}$`)

// IsArchive says whether a text is the name of an archive: the time at which it was begun, in UTC, and the end of its pod's name.
func IsArchive(name string) bool { return archiveName.MatchString(name) }

// BackupClaim is the name of the claim that keeps the backups of a service where the class says so.
func BackupClaim(service string) string { return Child(service, "backups") }

// BackupKey is the name of the Secret with the key of a service's archives. It outlives everything.
func BackupKey(service string) string { return Child(service, "backup-key") }

// BackupLocation is where the archives of a service of a namespace lie: s3://<bucket>/<folders>, or volume://<claim>.
func BackupLocation(vault *part.Vault, namespace, service string) string {
	if vault.Bucket == nil {
		return "volume://" + BackupClaim(service)
	}
	return "s3://" + path.Join(vault.Bucket.Name, vault.Bucket.Prefix, namespace, service)
}
