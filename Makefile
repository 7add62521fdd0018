# The commands that the README names; what they do stands in setup/. Each works alone, in any
# order, twice, and after being interrupted.

.PHONY: help demo demo-stop demo-clean demo-burst test run build bench soak fuzz fmt clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

demo: ## install what is missing, build, and follow real orders through real Kafka, RabbitMQ and RocketMQ (Ctrl-C ends all)
	@setup/demo.sh run
demo-stop: ## end a demo whose terminal was lost
	@setup/demo.sh stop
demo-clean: ## end the demo and remove its state (.demo)
	@setup/demo.sh clean
demo-burst: ## send 5,000 concurrent orders through the running demo and find each acknowledged one
	@setup/demo.sh burst
test: ## every check and test with real parts; under 45 minutes on 2 cores from a fresh clone
	@setup/test.sh
run: ## the server alone
	@setup/build.sh run
	@exec target/release/waybill serve
build: ## release server with its console embedded: target/release/waybill
	@setup/build.sh
bench: ## measure ingest, polling of real brokers and pages on this machine; not part of make test
	@setup/bench.sh
soak: ## the long tests: kills, power cuts (root and loop devices), full sizes
	@setup/long.sh soak
fuzz: ## mutated payloads at full size, seeds printed
	@setup/long.sh fuzz
fmt: ## format the code
	@cargo fmt --all
clean: ## remove what was built (not the demo's state, not downloads)
	@cargo clean
	@rm -rf web/pkg
