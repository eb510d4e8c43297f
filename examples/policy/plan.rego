# For conftest or OPA, over the JSON of a plan:
#   eocanvas-apply plan --format json > plan.json && conftest test --policy examples/policy plan.json
package main

import rego.v1

# A finished job is launched again only by a person.
deny contains message if {
	some action in input.actions
	action.action == "relaunch"
	message := sprintf("%s would run again (%s): apply it by hand", [action.address, action.reason])
}

# Keys of the archive are never deleted or replaced.
deny contains message if {
	some action in input.actions
	action.action in {"delete", "replace"}
	startswith(action.address, "key.archive")
	message := sprintf("%s would be %sd", [action.address, action.action])
}

# Nothing is applied with warnings of the storage.
deny contains message if {
	some found in input.diagnostics
	startswith(found.code, "storage-")
	message := sprintf("%s: %s", [found.code, found.message])
}
