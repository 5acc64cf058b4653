#!/usr/bin/env bash
# Parity and speed on a graphics card, from binaries that were built elsewhere.
#
#   benches/gpu.sh pack                where there is cargo: builds and packs the binaries into target/gpu
#   benches/gpu.sh env|parity|bench|torch ...    where there is a card: that part, on each device that is there
#
# `parity` runs every operation and the networks of all families, `bench` prints lines of JSON by `models/benches/devices.rs`,
# `torch` the same by `benches/gpu_torch.py`, with whatever Python finds; `benches/gpu_table.py` makes a table of both.
# DEVICES (default "cuda:0 wgpu:0") and MODELS (default all) choose.
set -uo pipefail
cd "$(dirname "$0")/.."
packed=target/gpu
features=ocelli-engine/candle,ocelli-models/wgpu,ocelli-models/cuda

pack() {
    set -e
    rm -rf $packed && mkdir -p $packed
    cargo build --release --features wgpu,cuda
    cp target/release/ocelli $packed/
    cargo test --release --no-run -p ocelli-engine -p ocelli-models --features $features --test ops --test devices \
        --test networks --bench devices --message-format json |
        python3 -c '
import json, shutil, sys
for line in sys.stdin:
    message = json.loads(line)
    if message.get("executable") and message.get("target", {}).get("name") in ("ops", "devices", "networks"):
        kind = message["target"]["kind"][0]
        name = message["target"]["name"]
        shutil.copy(message["executable"], sys.argv[1] + "/" + (name + "-" + kind))
' $packed
    strip $packed/*
    xz -T0 -6 $packed/*
    ls -l $packed
}

unpack() {
    for file in "$packed"/*.xz; do
        [ -e "${file%.xz}" ] || xz -dk "$file"
    done
    chmod +x "$packed"/*
    # Goldens are looked for beside this; the compiler of kernels may lie where the linker does not look.
    export OCELLI_TEST_CRATE="$PWD/models" XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-/tmp}"
    local folder
    for folder in /usr/local/cuda/lib64 $(python3 -c 'import nvidia, os; [print(os.path.join(p, d, "lib")) for p in nvidia.__path__ for d in os.listdir(p)]' 2> /dev/null); do
        [ -d "$folder" ] && LD_LIBRARY_PATH="${LD_LIBRARY_PATH:-}:$folder"
    done
    export LD_LIBRARY_PATH
}

parity() {
    "$packed/devices-test" 2>&1 | grep -E "^test |panicked" || true
    "$packed/ops-test" burn 2>&1 | grep -E "^test |of 2\)|^seed" || true
    local device
    for device in $DEVICES; do
        echo "== networks on $device"
        OCELLI_TEST_DEVICE=$device timeout 240 "$packed/networks-test" --test-threads 4 _stages:: 2>&1 |
            grep -E "FAILED|is off|^test result|panicked|Error"
        [ "${PIPESTATUS[0]}" -ne 124 ] || echo "stopped after 240 s"
    done
}

bench() {
    local device precision batch
    for device in $DEVICES; do
        for precision in f32 f16; do
            for batch in 1 32; do
                timeout 180 "$packed/devices-bench" "$device" $precision $batch $((batch == 1 ? 100 : 20)) ${MODELS:-}
            done
        done
    done
}

DEVICES="${DEVICES:-cuda:0 wgpu:0}"
[ $# -gt 0 ] || { sed -n '2,9p' "$0"; exit 2; }
for part in "$@"; do
    case $part in
        pack) pack ;;
        env) unpack && "$packed/ocelli" env ;;
        parity) unpack && parity ;;
        bench) unpack && bench ;;
        torch) python3 benches/gpu_torch.py ${MODELS:-} ;;
        *) echo "no part $part" >&2 && exit 2 ;;
    esac
done
