{{/* Settings of `daskop run` as variables. toJson, since a large number would print as 1e+06. */}}
{{- define "daskop.env" -}}
{{- with .Values.namespaces }}
- name: DASKOP_NAMESPACES
  value: {{ join " " . | quote }}
{{- end }}
{{- range $name, $value := .Values.settings }}
{{- if not (kindIs "invalid" $value) }}
- name: DASKOP_{{ snakecase $name | upper }}
  value: {{ kindIs "string" $value | ternary $value (toJson $value) | quote }}
{{- end }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}
