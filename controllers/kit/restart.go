package kit

// AnnotationRestartedAt on a pod template makes a restart of the declared restartedAt.
const AnnotationRestartedAt = "stackwright.dev/restarted-at"

// RestartAnnotations are the annotations of a pod template for the declared restartedAt; nil when it is empty.
func RestartAnnotations(restartedAt string) map[string]string {
	if restartedAt == "" {
		return nil
	}
	return map[string]string{AnnotationRestartedAt: restartedAt}
}
