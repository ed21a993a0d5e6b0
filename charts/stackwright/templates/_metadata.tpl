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
The documents of one of the generated files, with the chart's labels, and for the release's namespace. With "keep" they stay
when the release is uninstalled.
*/}}
{{- define "stackwright.file" -}}
{{- $account := printf "system:serviceaccount:%s:stackwright" .root.Release.Namespace }}
{{- range splitList "\n---\n" (.root.Files.Get .file | replace "system:serviceaccount:stackwright-system:stackwright" $account) }}
{{- $object := fromYaml . }}
{{- $_ := set $object.metadata "labels" (merge (default dict $object.metadata.labels) (fromYaml (include "stackwright.labels" $.root))) }}
{{- if $.keep }}
{{- $_ := set $object.metadata "annotations" (dict "helm.sh/resource-policy" "keep") }}
{{- end }}
{{- if $object.metadata.namespace }}
{{- $_ := set $object.metadata "namespace" $.root.Release.Namespace }}
{{- end }}
---
{{ toYaml $object }}
{{- end }}
{{- end }}
