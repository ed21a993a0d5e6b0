package v1alpha1

// Condition types. Ready, Reconciling and Stalled have the meaning of kstatus.
const (
	// ConditionReady: this generation is fully rolled out and answers real probes.
	ConditionReady = "Ready"
	// ConditionAvailable: something serves now, perhaps an older generation.
	ConditionAvailable = "Available"
	// ConditionReconciling is True while the operator or the cluster works towards the spec; absent otherwise.
	ConditionReconciling = "Reconciling"
	// ConditionStalled is True when only a change by the user can help; absent otherwise.
	ConditionStalled = "Stalled"
	// ConditionUpdateAvailable is True when the operator would render a workload differently than it runs, and waits for
	// the next change of its inputs.
	ConditionUpdateAvailable = "UpdateAvailable"
	// ConditionBackupsVerified tells whether the newest archive of a database could be restored when that was last tried; absent where
	// nobody asked for a try.
	ConditionBackupsVerified = "BackupsVerified"
	// ConditionBackupsCurrent tells whether the newest backup of a database is as young as its schedule asks; absent without a schedule.
	ConditionBackupsCurrent = "BackupsCurrent"
	// ConditionTopologyReady tells whether the queues, exchanges, bindings and policies that a StackQueue declares are there as they
	// are declared; absent where none are.
	ConditionTopologyReady = "TopologyReady"
	// ConditionMetricsReady tells whether what tells of the servers of a data service runs; absent without metrics, and while the
	// service is stopped.
	ConditionMetricsReady = "MetricsReady"
	// ConditionComponentsReady tells of all components together.
	ConditionComponentsReady = "ComponentsReady"
	// ConditionDependenciesReady tells of all databases, caches, queues and bindings together.
	ConditionDependenciesReady = "DependenciesReady"
	// ConditionRoutesReady tells of the load balancer and the routes.
	ConditionRoutesReady = "RoutesReady"
)

// Reasons of conditions. Troubleshooting by reason stands in docs/troubleshooting.md.
const (
	// ReasonReady: everything that is declared answers.
	ReasonReady = "Ready"
	// ReasonProgressing: a rollout is under way and nothing has failed.
	ReasonProgressing = "Progressing"
	// ReasonSuspended: spec.suspend is set.
	ReasonSuspended = "Suspended"
	// ReasonIdle: scaled to zero by its own rules.
	ReasonIdle = "Idle"
	// ReasonNotProbed: an external service, which the operator never dials.
	ReasonNotProbed = "NotProbed"
	// ReasonInvalid: the spec asks for something that cannot be; the message names the field.
	ReasonInvalid = "Invalid"
	// ReasonNameConflict: an object of a name we need belongs to somebody else.
	ReasonNameConflict = "NameConflict"
	// ReasonNamespaceNotAllowed: no class admits the namespace.
	ReasonNamespaceNotAllowed = "NamespaceNotAllowed"
	// ReasonClassNotFound: the StackClass that is named does not exist.
	ReasonClassNotFound = "ClassNotFound"
	// ReasonClassAmbiguous: two StackClasses are annotated as the default.
	ReasonClassAmbiguous = "ClassAmbiguous"
	// ReasonLimitExceeded: the spec asks for more than the class allows.
	ReasonLimitExceeded = "LimitExceeded"
	// ReasonProviderMissing: the recorded provider is not served by this cluster or this build.
	ReasonProviderMissing = "ProviderMissing"
	// ReasonVersionNotInCatalog: the class's image catalog lacks the engine or version.
	ReasonVersionNotInCatalog = "VersionNotInCatalog"
	// ReasonUpgradeRefused: the engine cannot go from the recorded version to the one in the spec.
	ReasonUpgradeRefused = "UpgradeRefused"
	// ReasonUpgrading: the service is on its way to another version.
	ReasonUpgrading = "Upgrading"
	// ReasonUpgradeHeld: the backup that comes before an upgrade failed.
	ReasonUpgradeHeld = "UpgradeHeld"
	// ReasonAnchorInvalid: the anchor was edited and cannot be believed.
	ReasonAnchorInvalid = "AnchorInvalid"
	// ReasonDependencyNotFound: an entry refers to a service that does not exist.
	ReasonDependencyNotFound = "DependencyNotFound"
	// ReasonNotGranted: the owner of a shared service grants this stack no access.
	ReasonNotGranted = "NotGranted"
	// ReasonDependencyNotReady: a service that is used does not answer yet.
	ReasonDependencyNotReady = "DependencyNotReady"
	// ReasonCredentialsPending: the credentials of a service are being made.
	ReasonCredentialsPending = "CredentialsPending"
	// ReasonStorageClassNotFound: the storage class does not exist, or the cluster has no default.
	ReasonStorageClassNotFound = "StorageClassNotFound"
	// ReasonStoragePending: a claim is not bound yet.
	ReasonStoragePending = "StoragePending"
	// ReasonImagePullFailed: an image cannot be pulled.
	ReasonImagePullFailed = "ImagePullFailed"
	// ReasonConfigMissing: a pod refers to a Secret, ConfigMap or key that does not exist.
	ReasonConfigMissing = "ConfigMissing"
	// ReasonCrashLoop: a container ends again and again.
	ReasonCrashLoop = "CrashLoop"
	// ReasonUnschedulable: no node takes a pod.
	ReasonUnschedulable = "Unschedulable"
	// ReasonQuotaExceeded: a quota or limit of the namespace refuses a pod.
	ReasonQuotaExceeded = "QuotaExceeded"
	// ReasonRefused: the API server forbids an object that the operator needs.
	ReasonRefused = "Refused"
	// ReasonPodRefused: admission refuses a pod.
	ReasonPodRefused = "PodRefused"
	// ReasonNotAnswering: a container runs and does not answer its probe.
	ReasonNotAnswering = "NotAnswering"
	// ReasonJobFailed: a job of the operator failed.
	ReasonJobFailed = "JobFailed"
	// ReasonCompleted: the backup is stored and was read back.
	ReasonCompleted = "Completed"
	// ReasonVerified: the newest archive was restored for a try, with all its rows.
	ReasonVerified = "Verified"
	// ReasonRestoring: the database is being made from a backup.
	ReasonRestoring = "Restoring"
	// ReasonNoBackupTarget: the class has no place for backups, or the engine none to make.
	ReasonNoBackupTarget = "NoBackupTarget"
	// ReasonOverdue: no backup was completed in the time that the schedule gives.
	ReasonOverdue = "Overdue"
	// ReasonDumpFailed: the database cannot be read for a backup.
	ReasonDumpFailed = "DumpFailed"
	// ReasonScratchFull: the room for dumps and fetched archives is full.
	ReasonScratchFull = "ScratchFull"
	// ReasonTargetFull: the place of the backups is full.
	ReasonTargetFull = "TargetFull"
	// ReasonTargetUnreachable: the place of the backups cannot be used.
	ReasonTargetUnreachable = "TargetUnreachable"
	// ReasonTargetDenied: the place of the backups refuses the credentials, or what is done with them.
	ReasonTargetDenied = "TargetDenied"
	// ReasonTargetNotFound: there is no such bucket.
	ReasonTargetNotFound = "TargetNotFound"
	// ReasonTargetUntrusted: the certificate of the object store is not trusted.
	ReasonTargetUntrusted = "TargetUntrusted"
	// ReasonWrongKey: the key does not open the archive.
	ReasonWrongKey = "WrongKey"
	// ReasonArchiveNotFound: the place of the backups does not have the archive.
	ReasonArchiveNotFound = "ArchiveNotFound"
	// ReasonCorruptArchive: the archive is not what was written.
	ReasonCorruptArchive = "CorruptArchive"
	// ReasonForeignArchive: the archive is of another service or engine, or of another format.
	ReasonForeignArchive = "ForeignArchive"
	// ReasonNewerVersion: the archive was written by a newer major version of the engine.
	ReasonNewerVersion = "NewerVersion"
	// ReasonNotEmpty: there is data already where a backup should be restored.
	ReasonNotEmpty = "NotEmpty"
	// ReasonStorageFull: the backup does not fit into the claim of the new database.
	ReasonStorageFull = "StorageFull"
	// ReasonRestoreFailed: the engine refuses what is in the archive.
	ReasonRestoreFailed = "RestoreFailed"
	// ReasonRowsDiffer: what was restored is not what the archive says.
	ReasonRowsDiffer = "RowsDiffer"
	// ReasonDeclared: what is declared in a broker is there.
	ReasonDeclared = "Declared"
	// ReasonTopologyDiffers: a queue or exchange is there with another type or other arguments than are declared.
	ReasonTopologyDiffers = "TopologyDiffers"
	// ReasonTopologyRefused: the broker refuses something that is declared.
	ReasonTopologyRefused = "TopologyRefused"
	// ReasonExtensionsFailed: an extension that is asked for cannot be made in a database.
	ReasonExtensionsFailed = "ExtensionsFailed"
	// ReasonTelling: every exporter runs.
	ReasonTelling = "Telling"
	// ReasonAddressPending: the load balancer has no address yet.
	ReasonAddressPending = "AddressPending"
	// ReasonHeldBack: a newer operator build would change the pod template; it waits for the next change of the inputs.
	ReasonHeldBack = "HeldBack"
	// ReasonUpToDate: every workload runs what the operator would render.
	ReasonUpToDate = "UpToDate"
	// ReasonAPIError: the API server refused a request for a reason that a retry may cure.
	ReasonAPIError = "APIError"
	// ReasonServing: at least one ready pod of every part serves.
	ReasonServing = "Serving"
	// ReasonNotServing: some part has no ready pod.
	ReasonNotServing = "NotServing"
)

// Annotations and labels that users meet.
const (
	// AnnotationDefaultClass marks the default StackClass with the value "true".
	AnnotationDefaultClass = "stackwright.dev/is-default-class"
	// AnnotationConfirmDeletion confirms deletionPolicy Delete: its value is the object's name.
	AnnotationConfirmDeletion = "stackwright.dev/confirm-deletion"
	// AnnotationUpgradeWithoutBackup lets a database go to the version that is its value without the backup that comes before.
	AnnotationUpgradeWithoutBackup = "stackwright.dev/upgrade-without-backup"
	// LabelStack names the stack that an object was made for.
	LabelStack = "stackwright.dev/stack"
	// LabelScheduled marks with "true" a StackBackup that tells of a run of the schedule.
	LabelScheduled = "stackwright.dev/scheduled"
	// LabelEntry names the entry of the stack that an object was made for.
	LabelEntry = "stackwright.dev/entry"
)
