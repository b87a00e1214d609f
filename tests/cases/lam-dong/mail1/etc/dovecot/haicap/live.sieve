# mail1.lamdong.gov.vn: made by haicap from inventories/lam-dong; a change made here is drift, and is undone
# Who is in office has their own rules only.
