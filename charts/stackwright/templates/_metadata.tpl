{{/*
Names are fixed: there is one operator in a cluster, as there is one set of CRDs.
*/}}
{{- define "stackwright.selector" -}}
app.kubernetes.io/name: stackwright
app.kubernetes.io/component: operator
{{- end }}

{{- define "stackwright.labels" -}}
{{ include "stackwright.selector" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "stackwright.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end }}

{{/*
The documents of one of the generated files, with the chart's labels, and in the release's namespace where they have one.
*/}}
{{- define "stackwright.file" -}}
{{- range splitList "\n---\n" (.root.Files.Get .file) }}
{{- $object := fromYaml . }}
{{- $_ := set $object.metadata "labels" (merge (default dict $object.metadata.labels) (fromYaml (include "stackwright.labels" $.root))) }}
{{- if $object.metadata.namespace }}
{{- $_ := set $object.metadata "namespace" $.root.Release.Namespace }}
{{- end }}
---
{{ toYaml $object }}
{{- end }}
{{- end }}
