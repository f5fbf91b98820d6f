"""
The specs of pods, in pods and in the Jobs that hold a template of them: defaults and rules.

Looked at is what a process on one machine can have: containers, variables, volumes, resources.
What it cannot have (probes, affinity, security contexts, …) is decoded and completed, but passes
without a look at its values.

Source: k8s.io/kubernetes/pkg/apis/core/{v1/defaults.go,validation/validation.go}
"""
