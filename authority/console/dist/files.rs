// Written by scripts/build.mjs.
[
    ("worker-40208f56eb5c.js", "text/javascript; charset=utf-8", include_bytes!("worker-40208f56eb5c.js").as_slice()),
    ("app-140b50c0929e.js", "text/javascript; charset=utf-8", include_bytes!("app-140b50c0929e.js").as_slice()),
    ("app-2f9eefb3ef02.css", "text/css; charset=utf-8", include_bytes!("app-2f9eefb3ef02.css").as_slice()),
    ("icon-f5b096d82281.svg", "image/svg+xml", include_bytes!("icon-f5b096d82281.svg").as_slice()),
    ("index.html", "text/html; charset=utf-8", include_bytes!("index.html").as_slice()),
]
