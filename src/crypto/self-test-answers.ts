/*
 * Known answers for the self-test. Seeds are 00 01 02 ...; the signature was made by OpenSSL 3.5 and is accepted by
 * @noble/post-quantum, the other values came out of both alike, and both pass the published vectors.
 */

/** SHA-256 of the ML-KEM-768 encapsulation key of the seed 00..3f. */
export const KEM_KEY_SHA256 = '0b7934c83125c788995e2ba6bd761e33046b3e40571be53e023309a29f398cc9'
/** The implicit-rejection secret of that key for 1,088 zero bytes. */
export const KEM_REJECTION_SECRET = 'c8fbeddafdacef2ffeb8b354ea644f11b5c150f3e2c4a74ce38abba8f854ae16'
/** SHA-256 of the ML-DSA-65 public key of the seed 00..1f. */
export const MLDSA65_KEY_SHA256 = 'd666806e11cee19a7c989f7445f90dd419cf4d2d51db8c0fdb4c0f0a542238c9'
/** Ed25519 public key of the seed 00..1f. */
export const ED25519_KEY = '03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8'

/** What the signature below is over, and its FIPS 204 context. */
export const MLDSA65_MESSAGE = 'x0 self-test'
export const MLDSA65_CONTEXT = 'x0/self-test/1'
/** A hedged ML-DSA-65 signature of the key above, base64. */
export const MLDSA65_SIGNATURE = [
  'Vnvvjd/0Kc6c4jKuNZOwKm4waB4j6bCUZb6Bo2HEDB/Kwn5p66yZ2+QlCt1jZU3qc96i5utDI8FznO1JGSNHaDWL43ZlDa4T6mpZ5VFV3poyXQrbUjEb',
  'fnCRtw+mUFY4norOK36x9+BPhW6tuWkZBtlwnTeDVjSpHBKOSRlUOYS+QxwdbfdwPone0NOBhuPCfYCXGg3dmDzjBQ64HXcpR4Cl7QRgsIJcyWWY2Klf',
  'TUnxKiVJ0Nmk9M1/cKAj8+VPX+6R72YNyMDeKjTq/c9+ymX32jMsVZuvrWR+/EePnmTl9ZtQ3jMfIx7xJcBtInx7xMoBrtODGvkniv5V48WGvLQ+urgM',
  '2ArNlW5X7WaE0Sftsy8wCcOnwn3pRHUDkfnAYkbvEiuiaZKKhM4bIfitEQoHI198MVeYGDdTcljC5BaFL8tP66y8aYrouVFQDMGin0p4jGI5M28vORtF',
  '711ByqjVUO4/FNmHNCJ2PqycI6M6yI924nPDm7mHBsri3WQcsGSbhzw2isqEQsp8+P1rUd/GLHqgORHcyscHdxl/LzY6BE+4OBST5XIP3ZfT+YShl9IU',
  '4O83HLIE13lRbHEOvEOOnnsVrmdkTkLg2T/mTUnAGxaTzQ7XE4W0K8QPfbmA7MljOVERL7xyXzxj1kmDFW+COmQIQ7qe5SvKofhlCB9TMjd6soxVyrLm',
  'ZMbqzYZ1zV3VvTaeS/0gFrdQwOtqk8/nudAl26ERN8kmnP9b4FStJl/l3q3ALI3+FfmQqzWG7TTLVLREcxmt7EKVuz2GnGIzc8ga5fJSiD19gEByKn3E',
  'scQ6T3S2MgELr/zNeHpXyB/iTztc4Weg5HVAOArPE0KRCBId9gMGmKgsqxMoPbeQ69CEHaGZcik4lT8z/2jsbtoMFaWd9j6VDj7TwtKSXtO+PDD3fTK6',
  'rFjSokFprVGn1ZPM4Kj10HxvJ8cO1f7Zu9ZHyDWxP5GY1R6tLtvUohjczGqSyPZXVoCpYiZ491vChIzbslMCPT2cquuNa8+GTiug1cpeC0KbXNP2bTqp',
  '9t4Eb6ILleAWYxf7LPWrwnuiqISJed/GTMLHSftku1LHP47YO7EWf7Y8WYujlyNMr761PEV+2ZTqRuKRcRRjTLubEyA6Nni3h6PAlYZr5EBudGaa/28Y',
  'SLkut9QDVu8V/yNZk4jwEjfrXXrFe77cOPnUTiTBNd3r9nB2eqTAGAuTII/tBBfi+NQjzMgLpctki57rFIl6w+UvGyk3uUdmvPD0l5m10ea6ROnvKYo2',
  'G6qk3oGPecPYkMKH1MWAYnPfU63Rr06Dmkd3DmJlr6IlF2iP2X1vwU6Qn5xSlPL6KSfP355C+ngMdBVIfoMrilY/Q966n3A+HoGsRjOXUIdnJ0wfzfyq',
  '/O3tBzJPymZFYHeFsjkAKwPi26wb4aG0Im1DRV0Ls7Rvh/JDdOwisuRLolluwrxsCEdk3pW3sGHSe6qbiCct+XdallCbSyaKCUN9yrYtOOVFvMk1L3mp',
  'vii54koG8XpEHQXGsCnuOdhTtBMYJ3fpH8Mx6yuPGTVsvRp4kRNlPkQtcdVFZ/jpCFQXCGy8JHmfSCgTXh0h0KuRGiLJ+nE3J0S0+bBgPwR4qqDAHMsR',
  'WkJZ3Ke85vPweA8HpTrGUcvrWw8vhbSUManBVuGK9AcyU5LYCBWb+tEdyokTlKv9mVWpk/tXBzXt2DT1ueVqM17Hp5cR+rKmT2UXMsT8MOt2oLqS5FZ/',
  'e8TTPkLKR4xjOFLXhwVoZFK1r1DWSE47KhonmR3e0nI0pyhtZgPCx1/Noxv1IZTIX5ST4zfJrfWvwA8vtgYpchpDx2vt13N3b+6+b20h40LZ4eGtU+M7',
  '4JLE7X5uMyaw7U3uBcCuQwS3MQENyN6a79+pEUDUDC9K127FP5iplqdCsdm15S4djYdshVaZP5xQHKWZiEpcICLLNh6velrFI4K3cr17ef/tQ2QkciS8',
  '5DjzPoromk6aMFBlG+Rh4UrR2SFiqr0F+XZWTgiRnTqEwIMKSYWKxCmokFthCf6Ot0SoCSAPWKwRxGXbnuaqTU4GIHV9C0Uj45DAsbz1R+aftmC+7XHj',
  'xj/ZvSelw0ZVYgnmPemgr+UR4UnNPpW5/++hi9/FZ31r28M8d7PEnhVgA7CIEhi8a8QiLtvAEBBRkUq2/ipjBYu5bNUTcthnXgLONyIFsAHqFATTGS+I',
  'BJBFOjoULu9QXPnfF2oatkZZh26LEzz3q5k/u2n/lbxu6n7t2dz+GBKI0U/5nNBVAV4axShYoFmN3VDDT4MTFIrk8Nx4k0S9RyQBK41J7Ra7pR2N0aff',
  'UpoYMN0bB/AnI5IwrKs/LFYD01bAGLDPKxR2RPKB4OmdEvwrol2QcXUDcMWMBFM10ONhFs8pO/n2rR7VSXUogayt5yCfX6mklBlF+kTIIPpWf//b1p1d',
  'SLnXDpy8CN+AxJulMGqUI9rMejXbUiIAlCrbGTEHld63iptB4e+NZk0BYyjRrT54hT0YgCP2Ij7N+JfEl2ZJrbeEKK2RYVzWzLGBdm54U83Aaz/ZRLGu',
  'u5W+jril6oktRVelCHeRvegaIPjV056qip4RU8L5YDP+UQZd6aaui5Xj54Nf2KahTKcdud+FLH3c9Cr5bT/KyhdR0rHdqQt63f3ooyjYLmhuaFNik63D',
  'CSapTNlsRCGBVZ/Tbu+Adxvf2Y+XFaxDz/9LuCssnWBcIMm/LiNpWA7KG4BO58wmG6QtwZbdOUOK3fz167FcZ0k2A8oHt3+8gvXVca1VEI8ux5U1IJBL',
  'NvJ69FNtdxRj1UDyjunUcDmKEw8ncD+MzSprnCBeX9JDgWde6dbp2KsvYm8tX5nGEoCZ4kXltJnPuvgpEUECFQwd41LwGmCRVpdlRF9nZMSoL5eIOuCq',
  'TrM8ngsRqKZaiEDGyT9lkRQ7s14eG+szZj+q4UyKEQ4+IJ28kfPNuPmzFvb/yinSN9w6s73wu+ERddLtGsBxEE80mpvCUwknyUEZoPtvgXP7W9liy/NI',
  '7uxwLScrjqUYdOg4NcsQsMXCdrig3ZJi19lpe/wXxLGNisGSk3Equ2Qm+J5JMeCfxjMADHgne536iXetKT6Idf0kVIDgiQTptZ8uwLZzDtQ4mGXryOdf',
  'yyKfQlJADSbC+5QI4xdl8yLHZ1rFgM1IKuinbHvLYrrGl3i1REVOeLSYTFytkvlSh5/ZFa/JnVsHT6H11ChfS+D94ZMT2a1/TWvnNOwifTolZ6mUieiR',
  'zwDIBtmXxQDyQEFKv+kNFxJ5FoV6NCxLzt9BxMx/PUzCxOtjHbYObFArMq1CNFGHQ+rz24h0VqAhT7kicI8zekmF8ceACb+zz6CqI90WIXYNFLQdoWc8',
  'BIksRxAnAleMTFTN8spI6YfVV93TDN8xw23W6AyMchoDr5b9pfuNBGaxDvvzHuJFsnHN5zICpQZeoV6U9AtHrtp8BAqKIFYQIeDZT5NR6PtU8FNKS7bV',
  '8GYGBK6nuKOehjB16m0SxADy72DQGkD8QKmZQwNtRmII14HPHhpVErIgW50GThjCy2dCtttCGw9FYKVLMEDU6ZEkmGmLCHbMfapBGL+Z6nSip7WlS9NG',
  'vfKU+miLbsZftQP09nwuF2/CUIpYylUVbLviVr/xAx6d07wmMo6UG8BQy10K/6SCQS5D+qY//38YgN3WQJDeJW3TxcWsQ09Lkg3ab23dHR/6b+C2v7Ip',
  '2mqmwb6ft6Lf/emH+6dN4d/K8PtGsmGrTRviq4Zm9yHtzZ+Z5t7Yn3XqFTSGqNiAjfBgEfsdUKi0HiOZOB4W/UwdgPpxM4SWEqXpxK0aErgu3Kv2ol6C',
  'rxYRHmVEaSp1jpSNoMmwWybVyTtHVY6TQ2G2Q6HiPqRNU1Cc64lhv/uKb8AkYe65a61YmKo3eyoPB4dZC/QR3TbCx2pVHcz9ayf+ntO/jvhesj0on5pY',
  'HVc/IDeGC/7swWYEHOU8OJ8qh3c9I8a+YtYzQl+BsgUe6WOXORqM+VkmKWojsfydJTSc/wvT/2R3yRBdghserd2J5c1JgTT9Gxe5zgoChFlJ4ePs5jHH',
  'aRCDhSCXUcX8zU6JB5/Lur+pZCW556rUqeAHywavjzCpnwBMxsYWaqIdfd94ZAQ9/z25BVKiwQfLLEbQYTkD9ORnpqRmIHgLg75YyscWUH40TWsep6xO',
  '10E3DjdPXyT/Zuh6Ub1PtyzpCIFDzaEfGEqHCHqd0NKqkqwk5xsdPKBneVvPCpchHT/6F8S2FjSv64RnCFvbepaGOHAKVE9FNtbbqeXdhI8Xs16F57Ba',
  'P7lBI0SknogodSFk085yNNq0BzF+t+Irvd7aeEEQNEZ+f5HGzs/qDxk2anCesdUCCxtGjdcoLmrAUZqt3/k0o6bDAAAAAAAAAAAAAAAAAAAAAAAAChIY',
  'HCEl',
].join('')
