"""
The specs of pods, in pods and in the Jobs that hold a template of them: defaults and rules.

What a process on one machine cannot have (probes, affinity, security contexts, …) is looked at all
the same: a manifest that passes here shall pass elsewhere. Decoded and completed, but not looked at
are names of hosts (``dnsConfig``, ``hostAliases``), what is for Windows, resources of a whole pod,
and volumes that need a driver.

Source: k8s.io/kubernetes/pkg/apis/core/{v1/defaults.go,validation/validation.go}
"""
