{{/* By which Services and policies select the Pods: never changes. */}}
{{- define "daskop.selector" -}}
app.kubernetes.io/name: daskop
{{- end }}

{{/* What an object gets by being part of a release. */}}
{{- define "daskop.release" -}}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "daskop.labels" -}}
{{ include "daskop.selector" . }}
{{ include "daskop.release" . }}
{{- end }}
