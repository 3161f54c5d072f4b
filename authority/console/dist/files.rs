// Written by scripts/build.mjs.
[
    ("worker-dfe102ea59dd.js", "text/javascript; charset=utf-8", include_bytes!("worker-dfe102ea59dd.js").as_slice()),
    ("app-425a71812922.js", "text/javascript; charset=utf-8", include_bytes!("app-425a71812922.js").as_slice()),
    ("app-b0c4bd2ce626.css", "text/css; charset=utf-8", include_bytes!("app-b0c4bd2ce626.css").as_slice()),
    ("icon-f5b096d82281.svg", "image/svg+xml", include_bytes!("icon-f5b096d82281.svg").as_slice()),
    ("index.html", "text/html; charset=utf-8", include_bytes!("index.html").as_slice()),
]
