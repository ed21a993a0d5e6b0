package kit

import "regexp"

// BackupRole and RestoreRole are the component labels of the Jobs that make a backup and that make data of one.
const BackupRole, RestoreRole = "backup", "restore"

var archiveName = regexp.MustCompile(`^[0-9]{8}-[0-9]{6}-[a-z0-9]{1,20}$`)

// IsArchive says whether a text is the name of an archive: the time at which it was begun, in UTC, and the end of its pod's name.
func IsArchive(name string) bool { return archiveName.MatchString(name) }

// BackupClaim is the name of the claim that keeps the backups of a service where the class says so.
func BackupClaim(service string) string { return Child(service, "backups") }

// BackupKey is the name of the Secret with the key of a service's archives. It outlives everything.
func BackupKey(service string) string { return Child(service, "backup-key") }
