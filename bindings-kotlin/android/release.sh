#!/usr/bin/env bash
# Makes the Android artifact, gatepass-android-VERSION.aar. Not yet exercised: no machine of ours has the NDK.
#
# Needs the Android NDK (ANDROID_NDK_HOME, r27 or later), cargo-ndk 4, and the targets
#   rustup target add aarch64-linux-android armv7-linux-androideabi x86_64-linux-android i686-linux-android
# and, before, `cargo xtask package kotlin`, whose jar has the classes.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=0.1.0
out=target/android
jar=target/kotlin/repository/dev/gatepass/gatepass-kotlin/$version/gatepass-kotlin-$version.jar
rm -rf "$out"
mkdir -p "$out/aar/jni" "$out/classes"

# Android 15 has devices with pages of 16 KB: what is aligned to less does not load there.
export RUSTFLAGS="-C link-arg=-Wl,-z,max-page-size=16384"
cargo ndk --platform 26 -t arm64-v8a -t armeabi-v7a -t x86_64 -t x86 -o "$out/aar/jni" \
    build --locked --profile dist -p gatepass-kotlin --lib
for library in "$out"/aar/jni/*/libgatepass_kotlin.so; do
    "$ANDROID_NDK_HOME"/toolchains/llvm/prebuilt/*/bin/llvm-readelf --program-headers --wide "$library" |
        awk '/LOAD/ && $NF != "0x4000" { bad = 1 } END { exit bad }' || { echo "$library: not aligned to 16 KB"; exit 1; }
done

# The classes without the desktop's library.
(cd "$out/classes" && jar --extract --file "../../../$jar" && rm -rf linux-* darwin-* win32-*)
cp "$out/classes/META-INF/proguard/gatepass.pro" "$out/aar/proguard.txt"
jar --create --file "$out/aar/classes.jar" -C "$out/classes" .
cat > "$out/aar/AndroidManifest.xml" <<'XML'
<manifest xmlns:android="http://schemas.android.com/apk/res/android" package="dev.gatepass">
  <uses-sdk android:minSdkVersion="26"/>
  <uses-permission android:name="android.permission.INTERNET"/>
</manifest>
XML
(cd "$out/aar" && jar --create --no-manifest --file "../gatepass-android-$version.aar" .)
# Its pom names JNA as <type>aar</type>, which has JNA's own native library for Android.
sed "s/@VERSION@/$version/" bindings-kotlin/android/pom.xml > "$out/gatepass-android-$version.pom"
echo "$out/gatepass-android-$version.aar"
