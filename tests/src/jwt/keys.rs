//! Keys that open nothing: they sign the tokens of the vectors alone. Each is PKCS#8, in base64.

/// RSA of 2048 bits.
pub(super) const RSA: &str = "\
    MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQDg4ZYib/EPJbADow8h5vCYeyWKPDxy1Ucgna5IEaAGXmfOPB+T\
    ZijxI7nMtqCFVUiCYCCcwfF0pNm3rhkzTM2DF1rPth57iVISj2Z+VRFieY4f4Hqng/P/+wwJt4F3i0NtKUi1DP2AxvQ/8Ianmrg5\
    69NWt216AsJih/tOAnthihR4qM3kJHbUIiIoaxzB+qUDuHSR4xe87YibxwfHMagvlI6ks/dzR1Q/W0qTM+1/xZgzEPNxbUBCBGZu\
    ycNUiZc/93p59W9tCFAMvZYqy+jNzfE9epO3jSYDn3grJ5gorHPbRYG3O6cEq2bmWepmhSSXgwZuST3rlA43UH/Lgn33AgMBAAEC\
    ggEALR51vfERv4VDPGeR2K56JU3H6WVOh4etHqkkV4dZwQ1d7G35s9wyaLdPRvh5WmcTBj19LZZn+Iw+tnCy060cKqob6ULT+NtD\
    YT/uQ3iT5VsYHeMvGL8LzJc1AhoUWsTRQWygDttNXXINfWqnyabsQYrEO0jQKUO2dohr7mnnEVl/lvokbpH5g3kC8CoCotFozEjt\
    Y67pQIy8y+k2JTob+NR16oErcpyT07AqFry/QlKsMZa5v8LgVL29CzVK2wNUaOvUIvgJ3xyRnSbnWyz/7lDmMNp6tdlxGuRHKoQb\
    BkHGzatMklL67k34XK3X2JDz78DuDrUzMo9POMeefQEXGQKBgQD04kpmBnH6SjEwuVR2fn1CqRSYT4/UOCWAsbSJEi7gxzlGqL99\
    Oq1fc8r0q6jJaeInHA1lgPbz7e2wcnEeEZlcLoZrsXaw9kEz6auMXKZTZ7JmVk+myEwKEb3ktHoPHPIOAsfRBeC5pM2Y1Z400qjx\
    /iD1qcbrbKqz2IovYwcm/QKBgQDrFtnaCexY4dCTzaa0p5ltYSrnovvZNUT/KPoZV5LJ16w9KPdNJ3zNZ2UoRUps8A+qZuq5hXKJ\
    77RRY72Nj8KWN8WSfvnjuZtZPJWe1xODngu5SIoUbl2S7xH0rVeMiw9wHeCHy6C4HutSsjTbDDjwXut2ijucsoisZF2Lmgn9AwKB\
    gFIvnD6PjTMuMUIkAQffvdRggKv5j9Duow+FFI0oUBlaY4umWNYDmmo9p3DkJ7qpUaBElu5pEPie8rXUQsiPqYO5jZ2ZKreLfiiZ\
    FNz/v0agt8wGzaaw9GwwtiWKuKhX05kGL9+j9F75w5K2pukdhlvpKVCpkTwz9Tp0wzPSLXVVAoGALVZv1yP4x79s+UQ89TQpW7XU\
    j22YQnCKiOb/LKn97h1A416mKuQFpptdH+IVE2NMsiE8/WBmEYH/9X5VzRo/fbbtzG3ehXODKTeM52A1LDnrquT5dC1AsJiYjuZr\
    LviWlpm8dpPnv/p+ialClkgKJxk3MdpA2tx3jT+h5s1jRb8CgYBo3zLSJGnk4ANRiVTpKvwBJRlZM8D1p8KJWqW1XCY1zvEgrUAK\
    O2L2oJ3dOnTJj9Mirt20z+QwunVrhoXPm4meW75s+ouGkzDuooJf78XVwky+UfBFYpXVnRzNXlxXoky5MQhtQtnYCtVr6QnGJfnD\
    t33bb0PDWnUt8MmFX8OtuQ==";
/// Another one, of somebody else.
pub(super) const OTHER_RSA: &str = "\
    MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCiYpq3sUuy/AwwM3S6MBbUv18lkVptB2U3Wm0BdUgHIwyPrXmY\
    KGzvkgUu5NYsLC3g0cijGuZiwn2mPxWqoeVyrnheCOBtwYSrzrOzlwbbUpZeOU9WrGLb6w96K215P7qS670MHcsXAt29UgOFzvjB\
    6pOOxt1eHsk9uJP5+yHE1XTz04NIYawrbBE2dVVQXeI0lWCvyise83FNBXsJMhC5ApNBnjNEtMuYV3SQoD7DsIQVTSINcX+L3Wcc\
    xzyGPsiByGVrholuQQK24X8d5r+WpRlpHSByVOvT0VZVYPuA5BXGAOA+SgjdZB6ahlHJjHRdfBDlRPzQM6Kt2AAR11YlAgMBAAEC\
    ggEAApHvc3FTqqNJGRkzY3//2IGn4psUlI2tqSzd9UwzJePE3uBGwKUBJmCIAvg9uIjBeCGx3H0AQPdlkDRG5kK2NDS1NH3M+Ye6\
    zxJQL0s4YU/DD/41toA3d1YW0l7uFmFvFUS0YwT0sipKMqUh56QBNWZ+S9/zYHo5wqeRdf8mx2v3/L4JqCPm7q5MZpeSy2zXRdG+\
    ugQZ9G81SenaNtf84ORpXLobXz9Fh8SlZr30agKY1IAfKGRqsPnrgwaCbelkzndr+pJn/B2ex9FlvS97cobVexRLK7/mTzsm1fKy\
    aqJeaOUFFndW0jcrg67QEr/HBraeozIeB6Gz0dLxrNxrEQKBgQDY84EKz6fljuPfPsNaISFf5mjjrl5//GSepu2BM80lnzDmLajw\
    adhmdLRqoq+jVXbsywjE30dVLQMsuKMc576dsZXpQQLC44cVrP1/CHYbZ1MZUhjOfwRf1aKfP+1eK+ruXW5xXDPLZmKfQQw7zZp5\
    cYJqNvcT4RGOfXrs62c9kQKBgQC/nNpcyQvxyDi0D8PnEfTTGE3Lu+zg/d3uUqNj2anYjus4Lk/wJinDGdgvCixLuILO+4w1EiI/\
    QIeNBergJctT4Rvaof9Zkkol8Vnl5tzFgGN1xryvO4zAxvgXvuBN9q85e9ccg9MpRmMdR7/eb/sq3b9xC8f2M0GPB8KyktMVVQKB\
    gQCS0jhCWMYHVOxh6NfL5x/vBr91Vkwd0XFG7TFOfwAWteUh4USzbu5EaDaw8+hpYS1akw0cLv7XZd8AJPQ+W5dkoQoTESwNOG3y\
    /V+Q2OkVIpfaSvT+ynbrZGjp3RmG4bHcHt7fWMa0oFWd8SeWUU55YZggyZHsoiR/ievm6mi0AQKBgGqCOMrsoiwSnJpSTRXLYGha\
    kRvXaROjadKIsvPU0NlkkBFZhOu7eulNG2MCZ57rgCKnpsb1Pn4kU3SrPmS7/WqxrXb5J2RVscunfc4SZtONyztzbfyFwHaD4vHo\
    EuyjW8E7OlZKXH0L+BoVgOyXGGk6e6jN4KfU0/M6YBo9DQJFAoGAbcQzz+G5AjmMBAQ4f8lVJLzTIb9As4wWf5KbdolEkDvZa26M\
    Db2zDO0r3xhuOwKFcMHrF3/Qr6ov6X16JceVMJVREp9knKWg1apQ+QnkcqbqwKnSd/hm5Ger1E6XY2pUrqFNhsL3N3potDcynia1\
    x+Pd7N5KLvyS8u/4rfOCle4=";
/// P-256.
pub(super) const P256: &str = "\
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQga7f0DA02L9LyXTaD8z9G72Nq3PFP3SoylaEu9/LiY8+hRANCAATC\
    nfk7VlzMBWabRS7ZckVOgG17pSou8ft5LkkSP+qm4WLpHPd+h4ROdEfQ8msUhQmSU4a3twxjdVFIbw19SIrx";
/// P-384.
pub(super) const P384: &str = "\
    MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDAYKTD1roKwnfK45weYnzXg0iKuXVAJ/ZQb2mft3yy6YnFScPt7+ADS\
    9+Bu88pu8+uhZANiAATGtealiM2LscQEUXCr5/QHuO/gaHiBJleh7oWyCdAgELqudGNAM4DAZAeph5pyO++Gi2FaZtbDoU4/9Ohh\
    GixJiW13S/0vD5qkkWYJK2LtNm9mgaAPpclzAYaplo5EZ1g=";
/// P-521.
pub(super) const P521: &str = "\
    MIHuAgEAMBAGByqGSM49AgEGBSuBBAAjBIHWMIHTAgEBBEIBTp2bZEydKw6eEKYQrzwSN4CusAEy7uffAZ4iG0KS2nzaD8ZGesKf\
    u6DkE6Ryc6eRSNmRvPFb5Gxw0UEt7vEsBSuhgYkDgYYABACEfsGSPvkb/eKsSqnMGKfIjZnwyPM4KbLgqf+QTd+ZduZuWZZfb/vK\
    ub0TNYeX2xtHfcOiOleezMt8OJ706pttrAG3s0L0kZUCR2Z06jZ+Bay22TVvACRQrN1OTUcalxDqlD8T16Vqq+O/7rA/JQMatyf+\
    +j4axNCx+Q3sp1lhlfL5EQ==";
/// Ed25519.
pub(super) const ED25519: &str = "\
    MC4CAQAwBQYDK2VwBCIEIKGhUfIrDEomloTjN4gNNyu3rkJvzO5Q6GbvhStQ1/mo";
/// The modulus of an RSA key of 1024 bits, in base64url.
pub(super) const WEAK_MODULUS: &str = "\
    3959NAa-f6-\
    h9PQpo5q8Xi72U_5M5rXb6zLCoh2rEVoVLH0DkNAksjK_rR11tbZxfJROT8QHlsoVL7BdTen6e6I3C8bq41l7gacf5QsT4BqGVX1\
    ycI9hr-8J73PHp478NLWJ5e1z56qsWB2I_6TBdFOxoGbRF_su10vrpMPldRk";
