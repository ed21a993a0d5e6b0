.DEFAULT_GOAL := help

CLUSTER ?= stackwright
KUBECTL ?= kubectl

# Tools are built once into the user's cache, keyed by what they are made of.
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/stackwright
TOOLS := $(CACHE)/tools/$(shell { cat hack/tools/go.* hack/tools/golangci-lint/*.go; go version; } | git hash-object --stdin)
CONTROLLER_GEN := $(TOOLS)/controller-gen
CRD_REF_DOCS := $(TOOLS)/crd-ref-docs
GOLANGCI_LINT := $(TOOLS)/golangci-lint

# Modules whose unit tests run and that are linted. Of hack/cluster only the command: the rest is Kubernetes itself. Those below
# hack/images are programs of others.
MODULES := $(filter-out ./hack/cluster% ./hack/images/% ./hack/e2e,$(shell find . -name go.mod -not -path './.git/*' -exec dirname {} \; | sort))

##@ Development

.PHONY: help
help: ## Show the targets.
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: generate
generate: $(CONTROLLER_GEN) $(CRD_REF_DOCS) ## Generate deep copies, CRDs, RBAC, the kustomize schema, the chart's copies and the API reference.
	$(CONTROLLER_GEN) object crd:allowDangerousTypes=false paths=./api/... output:crd:dir=config/crd/bases
	$(CONTROLLER_GEN) rbac:roleName=stackwright paths=./controllers/... output:rbac:dir=config/rbac
	go run -C hack/tools ./mergeschema ../../config/crd/bases ../../config/kustomize/openapi.json
	mkdir -p charts/stackwright/files/crds charts/stackwright/files/rbac docs
	cp config/crd/bases/*.yaml charts/stackwright/files/crds/
	cd config/rbac && cp role.yaml leader_election_role.yaml user_roles.yaml servicebinding_role.yaml $(CURDIR)/charts/stackwright/files/rbac/
	rm -rf charts/stackwright/files/policy && mkdir charts/stackwright/files/policy
	cp -R config/policy/deletion config/policy/operator charts/stackwright/files/policy/
	rm charts/stackwright/files/policy/*/kustomization.yaml
	$(CRD_REF_DOCS) --log-level=ERROR --config=hack/tools/crd-ref-docs.yaml --source-path=api --renderer=markdown --output-path=docs/api.md

.PHONY: lint
lint: $(GOLANGCI_LINT) ## Lint every module.
	@for module in $(MODULES); do echo "lint $$module"; (cd $$module && $(GOLANGCI_LINT) run --config $(CURDIR)/.golangci.yml ./...) || exit 1; done
	@echo "lint ./hack/cluster"; cd hack/cluster && $(GOLANGCI_LINT) run --config $(CURDIR)/.golangci.yml .
	@echo "lint ./hack/e2e"; cd hack/e2e && $(GOLANGCI_LINT) run --config $(CURDIR)/.golangci.yml ./...

.PHONY: verify
verify: generate ## Fail when generated files, go.mod files or the lint are not in order.
	@for module in $(MODULES) ./hack/e2e; do echo "tidy $$module"; go mod tidy -C $$module -diff || exit 1; done
	@status=$$(git status --porcelain); [ -z "$$status" ] || { echo "the tree is not clean:"; echo "$$status"; git diff --stat; exit 1; }
	@$(MAKE) lint

.PHONY: test
test: ## Run every test: units and control plane, then the end-to-end tests on a real node (Linux and root).
	@echo "control plane for the tests (built once into $(CACHE), about 15 minutes on two cores)"
	@go run -C hack/cluster . assets >/dev/null
	@for module in $(MODULES); do echo "test $$module"; \
		KUBEBUILDER_ASSETS="$$(go run -C hack/cluster . assets)" go test -C $$module -timeout 40m ./... || exit 1; done
	@echo "test ./hack/cluster"; go test -C hack/cluster .
	@echo "test ./hack/e2e: its parts"; go test -C hack/e2e ./audit/... ./harness/... ./rig/... ./campaign/... ./seeded ./docs
	@echo "test ./hack/e2e: samples of the campaigns"; \
		KUBEBUILDER_ASSETS="$$(go run -C hack/cluster . assets)" go test -C hack/e2e -v -timeout 60m ./try
	@echo "test ./hack/e2e: a real node"; go test -C hack/e2e -v -timeout 60m .

.PHONY: campaign
campaign: ## Try the operator with every plan of every campaign (hours); the report goes to bin/campaign.json.
	@mkdir -p bin
	go run -C hack/e2e ./try --report $(CURDIR)/bin/campaign.json

.PHONY: seeded
seeded: ## Test the tests: put known mistakes into the operator and look which oracle says so (an hour); report in bin/seeded.json.
	@mkdir -p bin
	go run -C hack/e2e ./seeded --report $(CURDIR)/bin/seeded.json

# Plain tests run the seeds and the corpus of every target; this looks for more. What is found is kept in testdata/fuzz.
FUZZTIME ?= 10s

.PHONY: fuzz
fuzz: ## Fuzz each target of the operator for FUZZTIME, 10s unless told.
	@for package in $$(grep -rl --include='*_test.go' '^func Fuzz' api controllers | xargs -n1 dirname | sort -u); do \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' $$package/*_test.go); do \
			echo "fuzz ./$$package $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s ./$$package || exit 1; \
		done; \
	done

.PHONY: build
build: ## Build the operator into bin/stackwright.
	CGO_ENABLED=0 go build -trimpath -o bin/stackwright .

.PHONY: bench
bench: ## Measure the operator on a control plane of its own.
	go run -C hack/bench .

.PHONY: clean
clean: ## Remove what was built here. The cache under ~/.cache/stackwright stays.
	rm -rf bin

##@ Local cluster

.PHONY: cluster-up
cluster-up: ## Start the local cluster CLUSTER.
	go run -C hack/cluster . up --name $(CLUSTER)

.PHONY: cluster-down
cluster-down: ## Stop the local cluster CLUSTER and remove its state.
	go run -C hack/cluster . down --name $(CLUSTER)

.PHONY: cluster-status
cluster-status: ## Show the state of the local cluster CLUSTER.
	go run -C hack/cluster . status --name $(CLUSTER)

.PHONY: images
images: ## Build the test images of the engines.
	go run -C hack/images . build

.PHONY: demo
demo: ## Run a sample shop on a local cluster, or on DEMO_CONTEXT.
	go run -C hack/demo .

##@ Your cluster

.PHONY: install
install: ## Install the CRDs.
	$(KUBECTL) apply -k config/crd

.PHONY: deploy
deploy: ## Install the CRDs and the operator; IMG=registry/name:tag takes another image.
	$(KUBECTL) kustomize config/default | sed 's|ghcr.io/stackwright/stackwright:.*|$(or $(IMG),&)|' | $(KUBECTL) apply -f -

.PHONY: undeploy
undeploy: ## Remove the operator. The CRDs and every object of them stay.
	$(KUBECTL) delete --ignore-not-found -k config/manager

# Tools

$(CONTROLLER_GEN): PACKAGE := sigs.k8s.io/controller-tools/cmd/controller-gen
$(CRD_REF_DOCS): PACKAGE := github.com/elastic/crd-ref-docs
$(GOLANGCI_LINT): PACKAGE := ./golangci-lint

$(CONTROLLER_GEN) $(CRD_REF_DOCS) $(GOLANGCI_LINT):
	@echo "build $(@F) (once; kept in $(CACHE))"
	@mkdir -p $(@D)
	@go build -C hack/tools -o $@.tmp $(PACKAGE) && mv $@.tmp $@
